//! `AbortSignal`s, which give calls up.

use casier::{Cancellation, Error, ErrorKind};
use napi::bindgen_prelude::*;

use crate::convert::{Js, is_a, must_be};
use crate::error::{Failure, Outcome};

const ABORT: &str = "abort";

type Listener<'env> = Function<'env, (), ()>;
type Listen<'env> = Function<'env, FnArgs<(&'static str, Listener<'env>)>, Js>;

/// An `AbortSignal` that a caller gave.
pub(crate) struct Signal<'env>(Object<'env>);

impl<'env> Signal<'env> {
    pub(crate) fn new(given: Unknown<'env>) -> Outcome<Self> {
        if is_a(&given, ValueType::Object)? {
            let signal = Object::from_unknown(given)?;
            let aborted: Unknown<'_> = signal.get_named_property_unchecked("aborted")?;
            let listen: Unknown<'_> = signal.get_named_property_unchecked("addEventListener")?;
            if is_a(&aborted, ValueType::Boolean)? && is_a(&listen, ValueType::Function)? {
                return Ok(Self(signal));
            }
        }
        must_be("signal", "an AbortSignal")
    }

    pub(crate) fn refuse_if_aborted(&self) -> Outcome<()> {
        if !self.0.get_named_property::<bool>("aborted")? {
            return Ok(());
        }
        let error = Error::new(ErrorKind::Cancelled, "the call was given up before it began");
        Err(Failure::GivenUp(error, reason(&self.0)?))
    }

    /// Listens until [`Watch::end`].
    pub(crate) fn watch(self, env: &Env) -> napi::Result<Watch> {
        let cancellation = Cancellation::new();
        let cancelled = cancellation.clone();
        let listener: Listener<'_> = env.create_function_from_closure(ABORT, move |_| {
            cancelled.cancel();
            Ok(())
        })?;
        let held = listener.create_ref()?;
        let listen: Listen<'_> = self.0.get_named_property_unchecked("addEventListener")?;
        listen.apply(self.0, (ABORT, listener).into())?;
        Ok(Watch { cancellation, listener: held, signal: self.0.create_ref()? })
    }
}

/// A signal that is listened to while a call runs.
pub(crate) struct Watch {
    cancellation: Cancellation,
    listener: FunctionRef<(), ()>,
    signal: ObjectRef<false>,
}

impl Watch {
    pub(crate) fn cancellation(&self) -> Cancellation {
        self.cancellation.clone()
    }

    /// Stops listening; gives the signal's reason.
    pub(crate) fn end(self, env: &Env) -> napi::Result<Js> {
        let signal = self.signal.get_value(env)?;
        let unlisten: Listen<'_> = signal.get_named_property_unchecked("removeEventListener")?;
        unlisten.apply(signal, (ABORT, self.listener.borrow_back(env)?).into())?;
        let reason = reason(&signal)?;
        self.signal.unref(env)?;
        Ok(reason)
    }
}

fn reason(signal: &Object<'_>) -> napi::Result<Js> {
    signal.get_named_property_unchecked("reason")
}
