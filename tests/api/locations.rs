//! Where the configuration lets tokens be looked for.

use serde_json::json;

use crate::app::TestApp;
use crate::clients::{Anonymous, Client};

#[test]
fn tokens_are_looked_for_where_the_configuration_says() {
    for (locations, found) in [("header,json", [200, 401, 401]), ("query,cookie,header", [200, 200, 200])] {
        let app = TestApp::with(&[("TOKEN__LOCATIONS", locations)]);
        let form = json!({ "username": "panther", "password": crate::app::PASSWORD });
        let token = Anonymous(&app).post_json("/login", &form).expect(200).pair().access;
        let anonymous = Anonymous(&app);
        let ask = || anonymous.call("GET", "/who_am_i");
        let answers = [
            ask().bearer(&token).send(),
            anonymous.get(&format!("/who_am_i?access_token={token}")),
            ask().header("cookie", format!("tollbridge_access={token}")).send(),
        ];
        for answer in &answers {
            assert_eq!((answer.set_cookies(), answer.header("cache-control")), (vec![], "no-store"), "{locations}");
        }
        assert_eq!(answers.map(|answer| answer.status), found, "{locations}");
    }
}
