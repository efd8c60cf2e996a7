//! An API server that says what a test wants, over real HTTP on the loopback interface.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use kube::{Client, Config};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinHandle};

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: Value,
}

impl Call {
    pub(crate) fn is_watch(&self) -> bool {
        self.query.contains("watch=true")
    }
}

/// What the server says.
pub(crate) enum Reply {
    /// A status and a body.
    Json(u16, Value),
    /// Lines of a watch; the connection then ends or stays open.
    Watch(Vec<Value>, bool),
    /// A watch that goes on as long as the sender lives.
    Stream(mpsc::UnboundedReceiver<Value>),
    /// No answer ever.
    Silence,
}

impl Reply {
    pub(crate) fn ok(body: Value) -> Self {
        Self::Json(200, body)
    }

    pub(crate) fn silence() -> Self {
        Self::Silence
    }

    pub(crate) fn error(code: u16, reason: &str, message: &str) -> Self {
        Self::Json(code, failure(code, reason, message))
    }

    /// A list of these objects at this version.
    pub(crate) fn list(version: &str, items: &[Value]) -> Self {
        Self::ok(json!({
            "apiVersion": "v1",
            "kind": "List",
            "metadata": {"resourceVersion": version},
            "items": items,
        }))
    }
}

/// A Kubernetes `Status`.
pub(crate) fn failure(code: u16, reason: &str, message: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    })
}

/// A line of a watch.
pub(crate) fn event(kind: &str, object: &Value) -> Value {
    json!({"type": kind, "object": object})
}

type Handler = Arc<Mutex<dyn FnMut(Call) -> Reply + Send>>;

/// The server, until it is dropped.
pub(crate) struct Server {
    task: JoinHandle<()>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Server {
    /// All requests so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// Waits until so many requests satisfy the condition.
    pub(crate) async fn wait_for(&self, n: usize, mut what: impl FnMut(&Call) -> bool) {
        for _ in 0..1000 {
            if self.calls().iter().filter(|call| what(call)).count() >= n {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not {n} such requests among {:#?}", self.calls());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server that answers by `handler`, and a client of it.
pub(crate) fn server(handler: impl FnMut(Call) -> Reply + Send + 'static) -> (Client, Server) {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let calls = Arc::new(Mutex::new(Vec::new()));
    let handler: Handler = Arc::new(Mutex::new(handler));
    let router = Router::new()
        .fallback(answer)
        .with_state((handler, Arc::clone(&calls)));
    let task = tokio::spawn(async move {
        axum::serve(listener, router).await.unwrap();
    });
    let mut config = Config::new(format!("http://{address}").parse().unwrap());
    config.default_retry = false;
    (Client::try_from(config).unwrap(), Server { task, calls })
}

async fn answer(
    State((handler, calls)): State<(Handler, Arc<Mutex<Vec<Call>>>)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let call = Call {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    calls.lock().unwrap().push(call.clone());
    let reply = (handler.lock().unwrap())(call);
    match reply {
        Reply::Json(code, body) => {
            let kind = [(header::CONTENT_TYPE, "application/json")];
            (StatusCode::from_u16(code).unwrap(), kind, body.to_string()).into_response()
        }
        Reply::Watch(lines, stays) => {
            let (sender, receiver) = mpsc::unbounded_channel();
            for line in lines {
                sender.send(line).unwrap();
            }
            if stays {
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(3600)).await;
                    drop(sender);
                });
            }
            lines_of(receiver)
        }
        Reply::Stream(receiver) => lines_of(receiver),
        Reply::Silence => std::future::pending().await,
    }
}

fn lines_of(receiver: mpsc::UnboundedReceiver<Value>) -> Response {
    let lines = stream::unfold(receiver, async |mut receiver| {
        let line = receiver.recv().await?;
        Some((Ok::<_, std::io::Error>(format!("{line}\n")), receiver))
    });
    Body::from_stream(lines).into_response()
}
