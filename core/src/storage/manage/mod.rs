//! Managing what is stored.

mod copy;
mod delete;
mod delete_all;
mod delete_batch;
pub(in crate::storage) mod head;
mod move_to;
pub(in crate::storage) mod remains;
mod tags;
mod usage;

pub use copy::CopyOptions;
pub use delete::Deletion;
pub use delete_all::Receipt;
pub use usage::{KindUsage, Usage};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{ListOptions, UserStorage};

    fn assert_send(_: impl Send) {}

    /// Other languages run them on threads of a runtime.
    #[allow(dead_code, reason = "that it compiles is the test")]
    fn every_call_can_go_to_another_thread(files: &UserStorage) {
        assert_send(files.list(ListOptions::default()));
        assert_send(files.list_all(ListOptions::default()).next());
        assert_send(files.newest(1, None));
        assert_send(files.copy("", CopyOptions::default()));
        assert_send(files.move_to("", CopyOptions::default()));
        assert_send(files.rename("", "", true));
        assert_send(files.delete_many(Vec::new()));
        assert_send(files.delete_all());
        assert_send(files.usage());
        assert_send(files.tags(""));
        assert_send(files.set_tags("", Default::default()));
    }
}
