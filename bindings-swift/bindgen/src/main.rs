//! Writes the Swift sources, the C header and the module map of the library.

fn main() {
    uniffi::uniffi_bindgen_swift();
}
