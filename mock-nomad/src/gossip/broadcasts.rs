//! What is still to be told to others, a few of them at a time.

/// Messages that wait to be told; each is sent several times, those first that were sent least.
#[derive(Default)]
pub(super) struct Broadcasts(Vec<Waiting>);

struct Waiting {
    /// The node that it is news of; later news of it take its place.
    about: Option<String>,
    message: Vec<u8>,
    sent: u32,
}

impl Broadcasts {
    pub(super) fn push(&mut self, about: Option<&str>, message: Vec<u8>) {
        if about.is_some() {
            self.0.retain(|waiting| waiting.about.as_deref() != about);
        }
        // The newest first among those that were sent as often.
        self.0.insert(0, Waiting { about: about.map(str::to_owned), message, sent: 0 });
    }

    /// Messages for one packet of `room` bytes, where one behind `used` bytes leaves `room(used)`. A message that was
    /// sent as often as `nodes` nodes ask for is forgotten.
    pub(super) fn take(&mut self, nodes: usize, room: impl Fn(usize) -> usize) -> Vec<Vec<u8>> {
        let (mut used, mut taken) = (0, Vec::new());
        for waiting in &mut self.0 {
            let length = waiting.message.len() + 2;
            if taken.len() < usize::from(u8::MAX) && length <= room(used) {
                used += length;
                waiting.sent += 1;
                taken.push(waiting.message.clone());
            }
        }
        self.0.retain(|waiting| waiting.sent < most(nodes));
        self.0.sort_by_key(|waiting| waiting.sent);
        taken
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// How often a message is sent among `nodes` nodes.
fn most(nodes: usize) -> u32 {
    4 * ((nodes as f64 + 1.0).log10().ceil() as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_told_often_enough_and_then_forgotten() {
        let mut broadcasts = Broadcasts::default();
        broadcasts.push(Some("a"), vec![1]);
        broadcasts.push(None, vec![2]);
        broadcasts.push(Some("a"), vec![3]);
        let room = |used: usize| 4_usize.saturating_sub(used);
        let told: Vec<Vec<Vec<u8>>> = (0..9).map(|_| broadcasts.take(3, room)).collect();
        assert!(told[..8].iter().all(|packet| packet.len() == 1), "{told:?}");
        assert_eq!(told.iter().flatten().filter(|message| **message == [3]).count(), 4);
        assert_eq!(told.iter().flatten().filter(|message| **message == [2]).count(), 4);
        assert!(told[8].is_empty() && broadcasts.is_empty());
        assert_eq!((most(3), most(20)), (4, 8));
    }
}
