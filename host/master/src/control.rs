//! The unix socket between the running mail system and its admin commands (postqueue, postsuper, sendmail …): the place
//! of Postfix's `public/` services. One connection carries one request: a JSON line, for `submit` followed by the message.
//! The server answers with JSON lines, the last of which says how it ended. The kernel says who asks (peer credentials).

use std::{path::Path, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::mpsc,
};

use crate::MasterError;

/// Where the socket lies below queue_directory.
pub const SOCKET: &str = "waxwing/control";

/// One order. `words` are the command and its arguments, such as `["delete", "4XYZ"]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    pub words: Vec<String>,
    /// Bytes that follow the line.
    #[serde(default)]
    pub content: u64,
}

/// A line of the answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// One line (or JSON object) of output.
    Text(String),
    /// Done; the command's exit status.
    End(i32),
}

/// Who asks, by the kernel's word.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    pub uid: u32,
}

/// What the mail system does with an order. `content` is the message of `submit`, at most [`CONTENT_LIMIT`] bytes.
pub trait Orders: Send + Sync + 'static {
    fn order(&self, peer: Peer, request: Request, content: Vec<u8>, answer: Answer) -> BoxFuture<'_, i32>;
    /// Most bytes a request may carry.
    fn content_limit(&self) -> u64;
}

/// Sends lines of the answer.
#[derive(Clone)]
pub struct Answer(mpsc::Sender<String>);

impl Answer {
    /// False when the asking command has gone.
    pub async fn line(&self, text: impl Into<String>) -> bool {
        self.0.send(text.into()).await.is_ok()
    }
}

/// Serves the socket until the task is dropped. An old socket file is replaced: the pid file says that we are alone.
pub fn serve(queue_directory: &Path, orders: Arc<dyn Orders>) -> Result<tokio::task::JoinHandle<()>, MasterError> {
    use std::os::unix::fs::PermissionsExt;
    let path = queue_directory.join(SOCKET);
    if let Some(directory) = path.parent() {
        // Not public/, which Postfix closes to all but the group of its own commands.
        if let Err(error) = std::fs::create_dir(directory)
            && error.kind() != std::io::ErrorKind::AlreadyExists
        {
            return Err(MasterError::File { path: directory.to_path_buf(), source: error });
        }
        let searchable = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(directory, searchable).map_err(MasterError::file(directory))?;
    }
    if let Err(error) = std::fs::remove_file(&path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(MasterError::File { path, source: error });
    }
    let listener = UnixListener::bind(&path).map_err(MasterError::file(&path))?;
    // Anyone may ask; `Orders` decides by uid what is granted.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).map_err(MasterError::file(&path))?;
    Ok(tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let orders = orders.clone();
                    tokio::spawn(async move {
                        if let Err(error) = answer(stream, orders).await {
                            tracing::debug!("control connection: {error}");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!("control socket: {error}");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }))
}

async fn answer(stream: UnixStream, orders: Arc<dyn Orders>) -> std::io::Result<()> {
    let peer = Peer { uid: stream.peer_cred()?.uid() };
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let mut line = String::new();
    (&mut read).take(64 * 1024).read_line(&mut line).await?;
    let request: Request = serde_json::from_str(&line)?;
    if request.content > orders.content_limit() {
        let refusal = format!("message too large: {} bytes, the limit is {}", request.content, orders.content_limit());
        send(&mut write, &Line::Text(refusal)).await?;
        return send(&mut write, &Line::End(69)).await;
    }
    let mut content = vec![0; request.content as usize];
    read.read_exact(&mut content).await?;
    let (lines, mut from_orders) = mpsc::channel(64);
    let order = tokio::spawn(async move { orders.order(peer, request, content, Answer(lines)).await });
    while let Some(text) = from_orders.recv().await {
        send(&mut write, &Line::Text(text)).await?;
    }
    // EX_SOFTWARE when the order itself broke.
    send(&mut write, &Line::End(order.await.unwrap_or(70))).await
}

async fn send(write: &mut (impl AsyncWriteExt + Unpin), line: &Line) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    write.write_all(&text).await
}

/// Asks the running mail system; each line of the answer goes to `each`. `Ok(None)`: it does not run.
pub fn ask(
    queue_directory: &Path,
    words: &[&str],
    content: &[u8],
    mut each: impl FnMut(String),
) -> Result<Option<i32>, MasterError> {
    use std::io::{BufRead, BufReader, ErrorKind, Write};
    let path = queue_directory.join(SOCKET);
    let mut stream = match std::os::unix::net::UnixStream::connect(&path) {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => return Ok(None),
        Err(error) => return Err(MasterError::File { path, source: error }),
    };
    let request = Request { words: words.iter().map(|w| w.to_string()).collect(), content: content.len() as u64 };
    let mut bytes = serde_json::to_vec(&request).map_err(|e| MasterError::file(&path)(e.into()))?;
    bytes.push(b'\n');
    // The server may refuse before it has read all of a large message; its words are in the answer.
    let sent = stream.write_all(&bytes).and_then(|()| stream.write_all(content));
    for line in BufReader::new(&stream).lines() {
        let line = line.map_err(MasterError::file(&path))?;
        match serde_json::from_str(&line).map_err(|e| MasterError::file(&path)(e.into()))? {
            Line::Text(text) => each(text),
            Line::End(status) => return Ok(Some(status)),
        }
    }
    sent.map_err(MasterError::file(&path))?;
    Err(MasterError::File { path, source: ErrorKind::UnexpectedEof.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Echo;
    impl Orders for Echo {
        fn order(&self, _peer: Peer, request: Request, content: Vec<u8>, answer: Answer) -> BoxFuture<'_, i32> {
            Box::pin(async move {
                answer.line(request.words.join(" ")).await;
                answer.line(String::from_utf8_lossy(&content).into_owned()).await;
                3
            })
        }
        fn content_limit(&self) -> u64 {
            10
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn asks_and_answers() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        assert!(ask(dir.path(), &["x"], b"", |_| ()).expect("no server is no error").is_none());
        let _server = serve(dir.path(), Arc::new(Echo)).expect("a socket");
        let path = dir.path().to_path_buf();
        let (status, lines, refused) = tokio::task::spawn_blocking(move || {
            let mut lines = Vec::new();
            let status = ask(&path, &["delete", "A B"], b"body", |l| lines.push(l)).expect("an answer");
            let mut refused = Vec::new();
            let over = ask(&path, &["submit"], b"01234567890", |l| refused.push(l)).expect("a refusal");
            (status, lines, (over, refused))
        })
        .await
        .expect("the client ran");
        assert_eq!(status, Some(3));
        assert_eq!(lines, ["delete A B", "body"]);
        assert_eq!(refused.0, Some(69));
        assert!(refused.1[0].contains("the limit is 10"), "{refused:?}");
    }
}
