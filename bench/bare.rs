//! The floor of the side-by-side runs: actix-web with as many workers as cores, answering one constant.
//!
//! `bare ADDRESS BODY` answers `BODY` as JSON to GET and POST `/who_am_i`; the POST reads its body first.

use std::env;
use std::io;

use actix_web::http::header::ContentType;
use actix_web::{App, HttpResponse, HttpServer, web};

#[actix_web::main]
async fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let (Some(address), Some(body)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("usage: bare ADDRESS BODY"));
    };
    let body = web::Bytes::from(body);
    let answer = move || HttpResponse::Ok().content_type(ContentType::json()).body(body.clone());
    HttpServer::new(move || {
        let (get, post) = (answer.clone(), answer.clone());
        let get = web::get().to(move || std::future::ready(get()));
        let post = web::post().to(move |_: web::Bytes| std::future::ready(post()));
        App::new().service(web::resource("/who_am_i").route(get).route(post))
    })
    .bind(address)?
    .run()
    .await
}
