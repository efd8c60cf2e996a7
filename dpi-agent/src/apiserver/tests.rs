//! Scenarios of list and watch, and what errors mean.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};

use super::{
    mock::{self, Call, Reply, event, failure},
    *,
};

#[derive(Debug)]
enum Message {
    Update(Box<Update<Pod>>),
    Health(Health),
}

fn pod(name: &str, version: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "red", "resourceVersion": version},
    })
}

fn bookmark(version: &str) -> Value {
    let object = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"resourceVersion": version},
    });
    event("BOOKMARK", &object)
}

/// Follows pods of a server that answers by `handler`.
fn follow(
    handler: impl FnMut(Call) -> Reply + Send + 'static,
) -> (mpsc::Receiver<Message>, mock::Server) {
    let (client, server) = mock::server(handler);
    let (messages, inbox) = mpsc::channel(64);
    let backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(50));
    let follow = Follow::new::<Pod>(&client, "pods")
        .fields("spec.nodeName=here".to_owned())
        .timing(Duration::from_millis(300), backoff);
    tokio::spawn(follow.run(messages, |u| Message::Update(Box::new(u)), Message::Health));
    (inbox, server)
}

async fn next(inbox: &mut mpsc::Receiver<Message>) -> String {
    let message = timeout(Duration::from_secs(10), inbox.recv()).await;
    let update = match message.expect("nothing is told").expect("it ended") {
        Message::Update(update) => *update,
        Message::Health(Health::Good) => return "good".to_owned(),
        Message::Health(Health::Failing(trouble, n)) => return format!("{} {n}", trouble.reason()),
    };
    match update {
        Update::Listing => "listing".to_owned(),
        Update::Page(pods) => {
            let names: Vec<_> = pods.iter().map(ResourceExt::name_any).collect();
            format!("page {}", names.join(" "))
        }
        Update::Listed => "listed".to_owned(),
        Update::Applied(pod) => format!("applied {}", pod.name_any()),
        Update::Deleted(pod) => format!("deleted {}", pod.name_any()),
    }
}

async fn expect(inbox: &mut mpsc::Receiver<Message>, told: &[&str]) {
    for told in told {
        assert_eq!(next(inbox).await, *told);
    }
}

#[tokio::test]
async fn a_list_and_what_follows() {
    let (mut inbox, server) = follow(|call| {
        if call.is_watch() {
            let lines = vec![
                event("ADDED", &pod("b", "11")),
                event("MODIFIED", &pod("a", "12")),
                event("DELETED", &pod("b", "13")),
            ];
            return Reply::Watch(lines, true);
        }
        Reply::list("10", &[pod("a", "1")])
    });
    let told = [
        "listing",
        "page a",
        "listed",
        "good",
        "applied b",
        "applied a",
        "deleted b",
    ];
    expect(&mut inbox, &told).await;
    let calls = server.calls();
    assert!(calls[0].query.contains("resourceVersion=0"), "{calls:?}");
    for call in &calls {
        assert!(
            call.query.contains("fieldSelector=spec.nodeName%3Dhere"),
            "{calls:?}"
        );
    }
    assert!(calls[1].query.contains("resourceVersion=10"), "{calls:?}");
    assert!(
        calls[1].query.contains("allowWatchBookmarks=true"),
        "{calls:?}"
    );
}

/// A list in pages, whose continuation expires.
#[tokio::test]
async fn pages() {
    let mut expire = true;
    let (mut inbox, _server) = follow(move |call| {
        let page = |token: &str, name: &str| {
            Reply::ok(json!({
                "apiVersion": "v1",
                "kind": "PodList",
                "metadata": {"resourceVersion": "10", "continue": token},
                "items": [pod(name, "1")],
            }))
        };
        if call.is_watch() {
            Reply::Watch(Vec::new(), true)
        } else if !call.query.contains("continue=more") {
            page("more", "a")
        } else if std::mem::take(&mut expire) {
            Reply::error(410, "Expired", "the continue parameter is too old")
        } else {
            page("", "b")
        }
    });
    let told = [
        "listing", "page a", "other 1", "listing", "page a", "page b", "listed", "good",
    ];
    expect(&mut inbox, &told).await;
}

/// 410 in either form: everything is listed anew, and not from the server's cache, which
/// may be what is too old.
#[tokio::test]
async fn what_has_expired_is_listed_anew() {
    for in_stream in [true, false] {
        let mut first = true;
        let (mut inbox, server) = follow(move |call| {
            if !call.is_watch() {
                return Reply::list("10", &[pod("a", "1")]);
            }
            if !std::mem::take(&mut first) {
                return Reply::Watch(Vec::new(), true);
            }
            let gone = failure(410, "Expired", "too old resource version: 10 (99)");
            if in_stream {
                Reply::Watch(vec![event("ERROR", &gone)], true)
            } else {
                Reply::Json(410, gone)
            }
        });
        expect(&mut inbox, &["listing", "page a", "listed"]).await;
        if in_stream {
            expect(&mut inbox, &["good"]).await;
        }
        expect(&mut inbox, &["listing", "page a", "listed", "good"]).await;
        let lists: Vec<_> = server
            .calls()
            .into_iter()
            .filter(|c| !c.is_watch())
            .collect();
        assert!(lists[0].query.contains("resourceVersion=0"), "{lists:?}");
        assert!(!lists[1].query.contains("resourceVersion"), "{lists:?}");
    }
}

/// A watch that ends goes on where it ended, bookmarks included; nothing is listed again.
#[tokio::test]
async fn a_watch_goes_on_where_it_ended() {
    let mut watches = 0;
    let (mut inbox, server) = follow(move |call| {
        if !call.is_watch() {
            return Reply::list("10", &[]);
        }
        watches += 1;
        match watches {
            1 => Reply::Watch(vec![event("ADDED", &pod("a", "11")), bookmark("20")], false),
            _ => Reply::Watch(vec![event("ADDED", &pod("b", "21"))], true),
        }
    });
    let told = [
        "listing",
        "page ",
        "listed",
        "good",
        "applied a",
        "good",
        "applied b",
    ];
    expect(&mut inbox, &told).await;
    let calls = server.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls[2].query.contains("resourceVersion=20"), "{calls:?}");
}

/// A connection that says nothing, not even bookmarks, is given up; a request that is not
/// answered too.
#[tokio::test]
async fn silence() {
    let mut watches = 0;
    let (mut inbox, server) = follow(move |call| {
        if !call.is_watch() {
            return Reply::list("10", &[]);
        }
        watches += 1;
        match watches {
            1 => Reply::Watch(vec![bookmark("15")], true),
            _ => Reply::Watch(vec![event("ADDED", &pod("a", "16"))], true),
        }
    });
    let told = [
        "listing",
        "page ",
        "listed",
        "good",
        "unreachable 1",
        "good",
        "applied a",
    ];
    expect(&mut inbox, &told).await;
    assert!(server.calls()[2].query.contains("resourceVersion=15"));
}

/// The server says how long it wants to be left alone.
#[tokio::test]
async fn a_busy_server_is_left_alone_as_long_as_it_asks() {
    let mut first = true;
    let (mut inbox, _server) = follow(move |call| {
        if call.is_watch() {
            return Reply::Watch(Vec::new(), true);
        }
        if std::mem::take(&mut first) {
            let mut busy = failure(429, "TooManyRequests", "too many requests");
            busy["details"] = json!({"retryAfterSeconds": 2});
            return Reply::Json(429, busy);
        }
        Reply::list("10", &[])
    });
    let begun = Instant::now();
    expect(
        &mut inbox,
        &["listing", "busy 1", "listing", "page ", "listed"],
    )
    .await;
    assert!(begun.elapsed() >= Duration::from_secs(2));
}

/// Failures are counted until the server answers again.
#[tokio::test]
async fn failures_are_counted() {
    let mut lists = 0;
    let (mut inbox, _server) = follow(move |call| {
        if call.is_watch() {
            return Reply::Watch(Vec::new(), true);
        }
        lists += 1;
        match lists {
            1 => Reply::error(500, "InternalError", "etcd is away"),
            2 => Reply::error(403, "Forbidden", "pods is forbidden"),
            3 => Reply::Json(200, json!("not a list")),
            _ => Reply::list("10", &[]),
        }
    });
    let told = [
        "listing",
        "busy 1",
        "listing",
        "forbidden 2",
        "listing",
        "other 3",
        "listing",
        "page ",
        "listed",
        "good",
    ];
    expect(&mut inbox, &told).await;
}

#[test]
fn errors_come_with_remedies() {
    for (code, message, reason, remedy) in [
        (
            401,
            "Unauthorized",
            "unauthorized",
            "check the service account's token",
        ),
        (
            403,
            "pods is forbidden",
            "forbidden",
            "apply the roles that `dpi-agent manifests` prints",
        ),
        (
            404,
            "not found",
            "missing",
            "`dpi-agent manifests | kubectl apply -f -`",
        ),
        (
            500,
            "failed to create typed patch object: .status.sink: field not declared in schema",
            "older",
            "apply what `dpi-agent manifests` prints",
        ),
        (429, "too many requests", "busy", "it is asked again"),
        (503, "etcd leader changed", "busy", "it is asked again"),
        (422, "is invalid", "other", "is invalid"),
    ] {
        let status = serde_json::from_value(failure(code, "", message)).unwrap();
        let trouble = Trouble::of(&kube::Error::Api(Box::new(status)), "pods");
        assert_eq!(trouble.reason(), reason);
        assert!(trouble.to_string().contains(remedy), "{trouble}");
        assert!(trouble.to_string().contains("pods"), "{trouble}");
    }
}
