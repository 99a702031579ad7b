//! Functions that an application gave, to be told of something.

use std::sync::Arc;

use napi::JsValue as _;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::convert::{Js, is_a, must_be};
use crate::error::{Instance, Outcome};

/// Calls a hook of a name once for each list of arguments; what the hook throws stays there.
pub(crate) type Tell = FunctionRef<FnArgs<(&'static str, Js, Js)>, ()>;

/// Names the function that calls hooks, for this thread.
#[napi(
    ts_args_type = "tell: (name: string, hook: (...told: unknown[]) => unknown, calls: unknown[][]) => void"
)]
pub fn define_hooks(env: Env, tell: Tell) -> napi::Result<()> {
    if let Some(instance) = Instance::of(&env)? {
        instance.tell = Some(tell);
    }
    Ok(())
}

/// A function that an application gave.
pub(crate) struct Hook {
    name: &'static str,
    function: FunctionRef<Js, Js>,
}

impl Hook {
    /// `name` is that of the option.
    pub(crate) fn new(function: Unknown<'_>, name: &'static str) -> Outcome<Arc<Self>> {
        if !is_a(&function, ValueType::Function)? {
            return must_be(name, "a function");
        }
        let function = Function::<'_, Js, Js>::from_unknown(function)?.create_ref()?;
        Ok(Arc::new(Self { name, function }))
    }

    /// Calls it with each list of arguments.
    pub(crate) fn tell<T>(&self, env: &Env, calls: Vec<Vec<T>>) -> napi::Result<()>
    where
        T: ToNapiValue,
    {
        let Some(Instance { tell: Some(tell), .. }) = Instance::of(env)? else { return Ok(()) };
        let function = Unknown::from_unknown(self.function.borrow_back(env)?.to_unknown())?;
        let calls = Unknown::from_unknown(calls.into_unknown(env)?)?;
        tell.borrow_back(env)?.call((self.name, function, calls).into())
    }
}
