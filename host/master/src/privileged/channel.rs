//! Frames, and descriptors that travel with them (unix(7), SCM_RIGHTS).

use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    os::{fd::OwnedFd, unix::net::UnixStream},
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use serde::{Serialize, de::DeserializeOwned};

use super::protocol::FRAME_LIMIT;

/// Writes one frame.
pub fn send<T: Serialize>(stream: &mut impl Write, value: &T) -> io::Result<()> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, value)?;
    let len = (frame.len() - 4) as u32;
    frame[..4].copy_from_slice(&len.to_le_bytes());
    stream.write_all(&frame)
}

/// Reads one frame; `None` at a clean end.
pub fn receive<T: DeserializeOwned>(stream: &mut impl Read) -> io::Result<Option<T>> {
    let mut head = [0; 4];
    match stream.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let len = u32::from_le_bytes(head);
    if len > FRAME_LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("frame of {len} bytes")));
    }
    let mut body = vec![0; len as usize];
    stream.read_exact(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
}

/// One byte that carries a descriptor. Sent right after the frame that announces it.
pub fn send_descriptor(stream: &UnixStream, descriptor: &OwnedFd) -> io::Result<()> {
    use std::os::fd::AsFd;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor.as_fd()];
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::Error::other("no room for a descriptor"));
    }
    rustix::net::sendmsg(stream, &[IoSlice::new(b"+")], &mut control, SendFlags::empty())?;
    Ok(())
}

/// The descriptor sent by [`send_descriptor`].
pub fn receive_descriptor(stream: &UnixStream) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    rustix::net::recvmsg(stream, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(mut descriptors) = message
            && let Some(descriptor) = descriptors.next()
        {
            return Ok(descriptor);
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "no descriptor came with the answer"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privileged::protocol::Request;
    use proptest::prelude::*;

    proptest! {
        /// The child could send anything once it is taken over: the parent must answer with an error, never a panic
        /// nor an allocation by the child's word.
        #[test]
        fn any_bytes_are_a_frame_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let mut input = bytes.as_slice();
            while let Ok(Some(_)) = receive::<Request>(&mut input) {}
        }
    }

    #[test]
    fn a_descriptor_follows_its_frame() {
        let (mut a, mut b) = UnixStream::pair().expect("a pair");
        let file: OwnedFd = std::fs::File::open("/dev/null").expect("/dev/null").into();
        send(&mut a, &Request::Jobs).expect("sent");
        send_descriptor(&a, &file).expect("sent");
        assert_eq!(receive::<Request>(&mut b).expect("a frame"), Some(Request::Jobs));
        let mut got = std::fs::File::from(receive_descriptor(&b).expect("a descriptor"));
        assert_eq!(got.read(&mut [0; 8]).expect("readable"), 0);
        drop(a);
        assert_eq!(receive::<Request>(&mut b).expect("a clean end"), None);
    }
}
