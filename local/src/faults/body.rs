//! Bodies that arrive, and answers that leave, with something wrong.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

use super::layer::Cut;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How many pieces a second of a slow body is sent in.
const PIECES_PER_SECOND: u64 = 10;

/// The body of a request, on its way in.
pub(crate) type Arriving = Faulty<Incoming>;

/// A body, and what is wrong with it.
pub(crate) struct Faulty<B> {
    inner: B,
    effect: Option<Effect>,
}

enum Effect {
    /// All bits of the byte at this distance from here are flipped.
    Corrupt { at: u64 },
    /// Pieces of `held` leave at a rate.
    Slow { bytes_per_second: u64, held: Bytes, pause: Option<Pin<Box<Sleep>>> },
    /// So many bytes are left, then a wait, then the connection is cut.
    End { left: u64, wait: Waiting },
}

impl<B: Body> Faulty<B> {
    pub(super) fn sound(inner: B) -> Self {
        Self { inner, effect: None }
    }

    /// Flips the byte at `at`, or the last one of a body of that `length`.
    pub(super) fn corrupt(inner: B, at: u64, length: Option<u64>) -> Self {
        let last = length.map(|length| length.saturating_sub(1));
        let at = at.min(last.unwrap_or(u64::MAX));
        Self { inner, effect: Some(Effect::Corrupt { at }) }
    }

    pub(super) fn slow(inner: B, bytes_per_second: u64) -> Self {
        let effect = Effect::Slow { bytes_per_second, held: Bytes::new(), pause: None };
        Self { inner, effect: Some(effect) }
    }

    /// Ends after `bytes`, before the last one of a body of that `length`, once `wait` is over.
    pub(super) fn ending(inner: B, bytes: u64, length: Option<u64>, wait: Waiting) -> Self {
        let most = length.map(|length| length.saturating_sub(1));
        let left = bytes.min(most.unwrap_or(u64::MAX));
        Self { inner, effect: Some(Effect::End { left, wait }) }
    }
}

impl<B> Body for Faulty<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Self { inner, effect } = self.get_mut();
        let mut next = |context: &mut Context<'_>| {
            Pin::new(&mut *inner).poll_frame(context).map_err(Into::<BoxError>::into)
        };
        match effect {
            None => next(context),
            Some(Effect::Corrupt { at }) => {
                let mut found = None;
                let frame = ready!(next(context)).map(|frame| {
                    frame.map(|frame| {
                        frame.map_data(|data| match usize::try_from(*at) {
                            Ok(place) if place < data.len() => {
                                found = Some(());
                                flipped(data, place)
                            }
                            _ => {
                                *at -= data.len() as u64;
                                data
                            }
                        })
                    })
                });
                if found.is_some() {
                    *effect = None;
                }
                Poll::Ready(frame)
            }
            Some(Effect::Slow { bytes_per_second, held, pause }) => {
                if let Some(waiting) = pause {
                    ready!(waiting.as_mut().poll(context));
                    *pause = None;
                }
                if held.is_empty() {
                    match ready!(next(context)).map(|frame| frame.map(Frame::into_data)) {
                        Some(Ok(Ok(data))) => *held = data,
                        Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                        Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                        None => return Poll::Ready(None),
                    }
                }
                let most =
                    usize::try_from(*bytes_per_second / PIECES_PER_SECOND).unwrap_or(usize::MAX);
                let piece = held.split_to(most.max(1).min(held.len()));
                let time = piece.len() as f64 / *bytes_per_second as f64;
                *pause = Some(Box::pin(tokio::time::sleep(Duration::from_secs_f64(time))));
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Some(Effect::End { left: 0, wait }) => {
                ready!(wait.as_mut().poll(context));
                Poll::Ready(Some(Err(Cut.into())))
            }
            Some(Effect::End { left, .. }) => {
                let frame = ready!(next(context)).unwrap_or_else(|| Err(Cut.into()));
                Poll::Ready(Some(frame.map(|frame| {
                    frame.map_data(|mut data| {
                        data.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                        *left -= data.len() as u64;
                        data
                    })
                })))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.effect {
            Some(Effect::Slow { held, .. }) => held.is_empty() && self.inner.is_end_stream(),
            Some(Effect::End { .. }) => false,
            _ => self.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let inner = self.inner.size_hint();
        let held = match &self.effect {
            Some(Effect::Slow { held, .. }) => held.len() as u64,
            _ => return inner,
        };
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + held);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + held);
        }
        hint
    }
}

fn flipped(data: Bytes, place: usize) -> Bytes {
    let mut data = BytesMut::from(data);
    if let Some(byte) = data.get_mut(place) {
        *byte = !*byte;
    }
    data.freeze()
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, Full, StreamBody};

    use super::*;

    fn pieces(
        pieces: &'static [&'static str],
    ) -> impl Body<Data = Bytes, Error = BoxError> + Unpin {
        StreamBody::new(futures::stream::iter(
            pieces.iter().map(|piece| Ok::<_, BoxError>(Frame::data(Bytes::from(*piece)))),
        ))
    }

    async fn read(mut body: impl Body<Data = Bytes, Error = BoxError> + Unpin) -> (Vec<u8>, bool) {
        let mut read = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => read.extend(frame.into_data().unwrap()),
                Err(_) => return (read, true),
            }
        }
        (read, false)
    }

    #[tokio::test]
    async fn one_byte_is_flipped_wherever_it_lies() {
        let flip = |at| Faulty::corrupt(pieces(&["ab", "cd"]), at, None);
        assert_eq!(read(flip(0)).await.0, [!b'a', b'b', b'c', b'd']);
        assert_eq!(read(flip(3)).await.0, [b'a', b'b', b'c', !b'd']);
        assert_eq!(read(flip(9)).await.0, b"abcd");
        let known = Full::new(Bytes::from("abcd")).map_err(BoxError::from);
        assert_eq!(read(Faulty::corrupt(known, 9, Some(4))).await.0, [b'a', b'b', b'c', !b'd']);
    }

    #[tokio::test]
    async fn an_end_comes_before_the_last_byte() {
        let end = |bytes| Faulty::ending(pieces(&["ab", "cd"]), bytes, None, Box::pin(async {}));
        assert_eq!(read(end(0)).await, (b"".to_vec(), true));
        assert_eq!(read(end(3)).await, (b"abc".to_vec(), true));
        assert_eq!(read(end(9)).await, (b"abcd".to_vec(), true));
        let known = Full::new(Bytes::from("abcd")).map_err(BoxError::from);
        let known = Faulty::ending(known, 9, Some(4), Box::pin(async {}));
        assert_eq!(read(known).await, (b"abc".to_vec(), true));
    }

    #[tokio::test]
    async fn slow_comes_in_pieces_and_loses_nothing() {
        let known = Full::new(Bytes::from(vec![7; 1000])).map_err(BoxError::from);
        let mut slow = Faulty::slow(known, 2000);
        assert_eq!(slow.size_hint().exact(), Some(1000));
        let first = slow.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!((first.len(), slow.size_hint().exact()), (200, Some(800)));
        assert_eq!(read(slow).await, (vec![7; 800], false));
    }
}
