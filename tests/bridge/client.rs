//! Who sent a request, whatever its headers say.

use std::net::IpAddr;

use actix_web::test::TestRequest;
use tollbridge::{Client, TrustedProxies};

const PROXY: &str = "10.0.0.1";
const X: &str = "x-forwarded-for";
const F: &str = "forwarded";

fn proxies() -> TrustedProxies {
    TrustedProxies::new(["10.0.0.0/8", "2001:db8:aaaa::/48", "192.0.2.200"]).expect("networks")
}

fn client_of(proxies: &TrustedProxies, peer: &str, headers: &[(&str, &[u8])]) -> Client {
    let peer: IpAddr = peer.parse().expect("an address");
    let mut req = TestRequest::default().peer_addr((peer, 4711).into());
    for (name, value) in headers {
        let value = actix_web::http::header::HeaderValue::from_bytes(value).expect("a value");
        req = req.append_header((*name, value));
    }
    proxies.client(&req.to_http_request())
}

#[track_caller]
fn assert_client(peer: &str, headers: &[(&str, &str)], expected: &str) {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let client = client_of(&proxies(), peer, &headers);
    assert_eq!(client.address.map(|address| address.to_string()).as_deref(), Some(expected), "{peer} {headers:?}");
}

#[test]
fn without_trusted_proxies_headers_say_nothing() {
    let headers: [(&str, &[u8]); 4] = [
        (X, b"203.0.113.7"),
        (F, b"for=203.0.113.7;proto=https"),
        ("x-real-ip", b"203.0.113.7"),
        ("x-forwarded-proto", b"https"),
    ];
    for peer in ["192.0.2.1", "127.0.0.1", "2001:db8::1", "10.0.0.1"] {
        let client = client_of(&TrustedProxies::default(), peer, &headers);
        assert_eq!(client.address, peer.parse().ok());
        assert_eq!((client.is_https, client.is_proxied), (None, false));
    }
    // And a peer that is none of the proxies is itself.
    assert_client("192.0.2.1", &[(X, "203.0.113.7"), (F, "for=203.0.113.7")], "192.0.2.1");
    assert_client("11.0.0.1", &[(X, "203.0.113.7")], "11.0.0.1");
}

#[test]
fn the_first_from_the_right_that_is_no_proxy_is_the_client() {
    for (line, expected) in [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:1234", "203.0.113.7"),
        (" 203.0.113.7 ", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("198.51.100.1,203.0.113.7,10.0.0.9", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7, 10.0.0.9, 192.0.2.200", "203.0.113.7"),
        ("10.0.0.7", "10.0.0.7"),
        ("10.0.0.7, 10.0.0.8", "10.0.0.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, ::ffff:10.0.0.9", "203.0.113.7"),
        ("203.0.113.7, 2001:db8:aaaa::5", "203.0.113.7"),
        // Where a proxy says something else, the last trusted hop counts.
        ("", PROXY),
        ("unknown", PROXY),
        ("203.0.113.7, unknown", PROXY),
        ("203.0.113.7, ", PROXY),
        ("203.0.113.7,,10.0.0.9", "10.0.0.9"),
        ("203.0.113.7, _hidden, 10.0.0.9", "10.0.0.9"),
        ("203.0.113.7 10.0.0.9", PROXY),
        ("203.0.113.07", PROXY),
        ("0xcb007107", PROXY),
        ("3405803783", PROXY),
        ("203.0.113.7:99999", PROXY),
        ("[203.0.113.7]", PROXY),
        ("fe80::1%eth0", PROXY),
        ("localhost", PROXY),
    ] {
        assert_client(PROXY, &[(X, line)], expected);
        let quoted = line.split(',').map(|one| format!("for=\"{}\"", one.trim())).collect::<Vec<_>>().join(", ");
        assert_client(PROXY, &[(F, &quoted)], expected);
    }
    // Several lines are one list.
    assert_client(PROXY, &[(X, "203.0.113.7"), (X, "203.0.113.8")], "203.0.113.8");
    assert_client(PROXY, &[(X, "203.0.113.7"), (X, "10.0.0.8")], "203.0.113.7");
    assert_client("::ffff:10.0.0.1", &[(X, "203.0.113.7")], "203.0.113.7");
}

#[test]
fn elements_of_forwarded_are_read_as_rfc_7239_says() {
    for (line, expected) in [
        ("for=203.0.113.7", "203.0.113.7"),
        ("For=\"203.0.113.7:80\"", "203.0.113.7"),
        ("FOR=\"[2001:db8::7]:4711\"", "2001:db8::7"),
        ("by=10.0.0.1;for=203.0.113.7;host=a.example;proto=https", "203.0.113.7"),
        ("for=203.0.113.7; proto=http ; by=\"a,b;for=203.0.113.9\"", "203.0.113.7"),
        ("for=198.51.100.1, for=203.0.113.7", "203.0.113.7"),
        ("for=198.51.100.1, by=10.0.0.2", PROXY),
        ("for=203.0.113.7;for=203.0.113.8", PROXY),
        ("for=\"_gazonk\"", PROXY),
        ("for=unknown", PROXY),
        ("for", PROXY),
        // A quotation that the client has opened swallows what the proxy adds, and nobody gains by it.
        ("for=\"203.0.113.9, for=203.0.113.7", PROXY),
        ("for=203.0.113.9;by=\"\\\", for=203.0.113.7", PROXY),
        ("for=203.0.113.9;by=\", for=203.0.113.7", PROXY),
        ("for=203.0.113.9;by=\", for=\"203.0.113.7:80\"", PROXY),
        ("for=203.0.113.9;by=\"\\, for=\"[2001:db8::7]\"", PROXY),
        ("for=203.0.113.9;by, for=203.0.113.7", "203.0.113.7"),
        ("for=203.0.113.9;;proto=https", PROXY),
    ] {
        assert_client(PROXY, &[(F, line)], expected);
    }
}

/// A client writes the header that the proxy does not know, and that it therefore hands on.
#[test]
fn two_headers_must_name_the_same_client() {
    assert_client(PROXY, &[(X, "203.0.113.7"), (F, "for=203.0.113.7")], "203.0.113.7");
    for forged in ["for=198.51.100.9", "for=10.0.0.7", "for=unknown", "", "\"", "for=203.0.113.7, for=198.51.100.9"] {
        assert_client(PROXY, &[(X, "203.0.113.7"), (F, forged)], PROXY);
    }
    for forged in ["198.51.100.9", "10.0.0.7", "unknown", ""] {
        assert_client(PROXY, &[(F, "for=203.0.113.7"), (X, forged)], PROXY);
    }
}

#[test]
fn bytes_that_are_no_text_are_nobody() {
    for bytes in [&b"\xff"[..], b"203.0.113.7\xa0", b"\xe2\x80\x8b203.0.113.7"] {
        assert_eq!(client_of(&proxies(), PROXY, &[(X, bytes)]).address, PROXY.parse().ok());
        assert_eq!(client_of(&proxies(), PROXY, &[(F, bytes)]).address, PROXY.parse().ok());
    }
}

#[test]
fn the_scheme_is_what_a_proxy_says() {
    let is_https = |peer: &str, headers: &[(&str, &[u8])]| client_of(&proxies(), peer, headers).is_https;
    assert_eq!(is_https(PROXY, &[("x-forwarded-proto", b"https")]), Some(true));
    assert_eq!(is_https(PROXY, &[("x-forwarded-proto", b"https, HTTP")]), Some(false));
    assert_eq!(is_https(PROXY, &[(F, b"for=203.0.113.7;proto=HTTPS")]), Some(true));
    assert_eq!(is_https(PROXY, &[(F, b"for=203.0.113.7;proto=\"http\"")]), Some(false));
    for nothing in [&b"ftp"[..], b"", b"https http", b"\xff"] {
        assert_eq!(is_https(PROXY, &[("x-forwarded-proto", nothing)]), None);
    }
    assert_eq!(is_https("192.0.2.1", &[("x-forwarded-proto", b"https")]), None);
}

#[test]
fn a_network_is_an_address_or_cidr() {
    for good in ["10.0.0.0/8", "10.1.2.3/8", "192.0.2.1", "::1", "2001:db8::/32"] {
        TrustedProxies::new([good]).expect(good);
    }
    for bad in ["", "10.0.0.0/33", "example.org", "*", "10.0.0.*", "10.0.0.0/8,10.1.0.0/16", " 10.0.0.1"] {
        let error = TrustedProxies::new([bad]).expect_err(bad).to_string();
        assert!(error.contains(bad) && error.contains("such as 10.0.0.0/8"), "{error}");
    }
}
