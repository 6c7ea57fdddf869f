"""A person in a real browser, against the whole product over HTTP; the broker is the sandbox."""
