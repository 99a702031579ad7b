//! Links to read files.

use casier::storage::{self, LinkOptions};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::{LIFE, SIGNAL, UserStorage};
use crate::call::at_once_or_later;
use crate::convert::{Js, milliseconds, text, texts, to_f64};
use crate::error::Outcome;
use crate::options::Options;

#[napi]
impl UserStorage {
    /// A link to read a file. It is signed here: the store is not asked, not even whether there is
    /// such a file.
    ///
    /// @param key The full key of the file.
    /// @throws {CasierError} `invalid-request` for the life, `invalid-filename` for `downloadAs`.
    #[napi(ts_args_type = "key: string, options?: LinkOptions", ts_return_type = "Promise<Link>")]
    pub fn presigned_url(
        &self,
        env: Env,
        key: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let given = Options::new(options, &LINK)?;
            let (key, options) = (text(key, "key")?, link_options(&given)?);
            Ok((given.signal()?, async move { files.presigned_url(&key, options).await }))
        };
        at_once_or_later(&env, begin, |_, link| Ok(parts([link])))
    }

    /// Links to read several files, in the order of their keys. They are signed here, all at once:
    /// some thousands take as long as a few calls to the store.
    ///
    /// @param keys The full keys of the files.
    /// @throws {CasierError} What `presignedUrl` throws; `invalid-key` or `not-owner` when one of the
    /// keys is, before anything is signed.
    #[napi(
        ts_args_type = "keys: readonly string[], options?: LinkOptions",
        ts_return_type = "Promise<Array<Link>>"
    )]
    pub fn presigned_urls(
        &self,
        env: Env,
        keys: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let given = Options::new(options, &LINK)?;
            let (keys, options) = (texts(keys, "keys")?, link_options(&given)?);
            Ok((given.signal()?, async move { files.presigned_urls(&keys, options).await }))
        };
        at_once_or_later(&env, begin, |_, links| Ok(parts(links)))
    }
}

/// What `entry/link.ts` makes links of, since an object of an addon's class takes longer to make than
/// a signature: of each its address, its life in seconds and its end in milliseconds.
pub(super) fn parts(links: impl IntoIterator<Item = storage::Link>) -> Vec<Either<String, f64>> {
    let parts =
        links.into_iter().flat_map(|storage::Link { url, expires_in, expires_at, .. }| {
            [Either::A(url), Either::B(to_f64(expires_in)), Either::B(milliseconds(expires_at))]
        });
    parts.collect()
}

const LINK: [&str; 4] = [LIFE, "downloadAs", "reuse", SIGNAL];

fn link_options(given: &Options<'_>) -> Outcome<LinkOptions> {
    let mut options = LinkOptions::default();
    options.expires_in = given.count(LIFE)?;
    options.download_as = given.text("downloadAs")?;
    options.reuse = given.flag("reuse")?.unwrap_or(options.reuse);
    Ok(options)
}
