//! Two sessions on one connection, and garbage on one.

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

struct Pair {
    client: Session,
    server: Session,
    clock: Clock,
    _tasks: Tasks,
}

fn clock() -> Clock {
    Clock::simulated(lab_world::DEFAULT_EPOCH)
}

fn pair() -> Pair {
    let (clock, tasks) = (clock(), Tasks::new());
    let (one, other) = duplex(64 * 1024);
    let client = Session::new(one, Role::Client, Keepalive::default(), &clock, &tasks);
    let server = Session::new(other, Role::Server, Keepalive::default(), &clock, &tasks);
    Pair { client, server, clock, _tasks: tasks }
}

/// A session whose other end is bytes.
fn raw() -> (Session, DuplexStream, Clock, Tasks) {
    let (clock, tasks) = (clock(), Tasks::new());
    let (one, other) = duplex(1 << 20);
    (Session::new(one, Role::Server, Keepalive::default(), &clock, &tasks), other, clock, tasks)
}

#[tokio::test(start_paused = true)]
async fn streams_go_both_ways_and_end_alone() {
    let pair = pair();
    let mut out = pair.client.open().expect("a stream");
    out.write_all(b"ping").await.expect("room");
    let mut incoming = pair.server.accept().await.expect("a stream");
    let mut reverse = pair.server.open().expect("a reverse stream");
    reverse.write_all(b"back").await.expect("room");
    let mut bytes = [0; 4];
    incoming.read_exact(&mut bytes).await.expect("four bytes");
    assert_eq!(&bytes, b"ping");
    let mut reverse_end = pair.client.accept().await.expect("a stream");
    reverse_end.read_exact(&mut bytes).await.expect("four bytes");
    assert_eq!(&bytes, b"back");
    drop(out);
    assert_eq!(incoming.read(&mut bytes).await.expect("an end"), 0);
    assert!(!pair.client.is_closed() && !pair.server.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_megabyte_passes_through_a_window_of_a_quarter() {
    let pair = pair();
    let mut out = pair.client.open().expect("a stream");
    let tasks = Tasks::new();
    tasks.spawn(async move {
        out.write_all(&vec![7; 1 << 20]).await.expect("the reader reads");
        out.shutdown().await.expect("an end");
    });
    let mut all = Vec::new();
    pair.server.accept().await.expect("a stream").read_to_end(&mut all).await.expect("all of it");
    assert_eq!((all.len(), all.iter().all(|byte| *byte == 7)), (1 << 20, true));
}

#[tokio::test(start_paused = true)]
async fn closing_ends_streams_and_the_other_end() {
    let pair = pair();
    let mut out = pair.client.open().expect("a stream");
    out.write_all(b"x").await.expect("room");
    let mut incoming = pair.server.accept().await.expect("a stream");
    pair.client.close();
    assert_eq!(pair.server.closed().await, Error::Eof);
    let mut bytes = Vec::new();
    incoming.read_to_end(&mut bytes).await.expect("an end, not an error");
    assert_eq!(out.write_all(b"y").await.expect_err("closed").to_string(), "session shutdown");
    assert_eq!(pair.client.open().err(), Some(Error::Shutdown));
    assert!(pair.server.accept().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn dropping_every_handle_closes() {
    let pair = pair();
    let stream = pair.client.open().expect("a stream");
    drop(pair.client);
    tokio::task::yield_now().await;
    assert!(!pair.server.is_closed(), "the stream keeps its session");
    drop(stream);
    assert_eq!(pair.server.closed().await, Error::Eof);
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_given_up_after_forty_seconds() {
    let (session, _peer, clock, _tasks) = raw();
    let start = clock.now();
    assert_eq!(session.closed().await, Error::KeepaliveTimeout);
    assert_eq!((clock.now() - start).whole_seconds(), 40);
}

#[tokio::test(start_paused = true)]
async fn idle_ends_that_answer_stay() {
    let pair = pair();
    pair.clock.sleep(Duration::from_secs(600)).await;
    assert!(!pair.client.is_closed() && !pair.server.is_closed());
}

#[tokio::test(start_paused = true)]
async fn garbage_ends_the_session_with_words() {
    for (bytes, reason) in [
        (&b"GET / HTTP/1.1\r\n"[..], Error::Version(b'G')),
        (&[0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Error::MessageType(9)),
        // More than a window at once, and nothing behind it.
        (&[0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff], Error::WindowExceeded),
        // The same stream twice, a stream of our own numbers, stream 0.
        (&[0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0], Error::DuplicateStream),
        (&[0, 1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0], Error::DuplicateStream),
        (&[0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], Error::DuplicateStream),
        (&[0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], Error::Connection("remote end sent go away: 2".into())),
    ] {
        let (session, mut peer, _clock, _tasks) = raw();
        peer.write_all(bytes).await.expect("room");
        assert_eq!(session.closed().await, reason, "{bytes:?}");
        peer.read_to_end(&mut Vec::new()).await.expect("the connection ends too");
    }
}

#[tokio::test(start_paused = true)]
async fn frames_for_unknown_streams_are_thrown_away() {
    let (session, mut peer, clock, _tasks) = raw();
    peer.write_all(&[0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 2, 1, 1]).await.expect("room");
    peer.write_all(&[0, 1, 0, 0, 0, 0, 0, 9, 0, 0, 0, 2]).await.expect("room");
    clock.sleep(Duration::from_secs(1)).await;
    assert!(!session.is_closed());
}

#[tokio::test(start_paused = true)]
async fn more_unaccepted_streams_than_the_backlog_are_reset() {
    let pair = pair();
    let mut streams: Vec<BoxIo> = (0..=BACKLOG).map(|_| pair.client.open().expect("a stream")).collect();
    let mut last = streams.pop().expect("the one too many");
    let error = last.read(&mut [0; 1]).await.expect_err("a reset");
    assert_eq!(error.to_string(), "connection reset");
    assert!(!pair.client.is_closed());
}
