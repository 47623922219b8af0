use std::env;

use crate::conformance::{
    bench::{Bench, get, response},
    failure::{Check, Failure, ensure},
};

const VARIABLES: [&str; 6] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
];

/// Set for the process that is to find the proxy.
const CHILD: &str = "CARROT_CONFORMANCE_CHILD";

/// The proxy is there and would take the request.
pub(crate) fn no_proxy(bench: &Bench<'_>) -> Check {
    if env::var_os(CHILD).is_some() {
        return in_the_child(bench);
    }
    let proxy = bench.responding(response("from the proxy"))?;
    let mut command = bench.child()?;
    command
        .env(CHILD, "1")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    for name in VARIABLES {
        command.env(name, proxy.url(""));
    }
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(
        proxy.accepted() == 0,
        "a proxy of the environment was asked"
    );
    ensure!(
        output.status.success() && text.contains("1 passed"),
        "the process with a proxy in its environment failed: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

fn in_the_child(bench: &Bench<'_>) -> Result<(), Failure> {
    let server = bench.responding(response("fine"))?;
    let response = bench.succeed(&bench.transport()?, get(server.url("/")))?;
    ensure!(
        response.body() == "fine",
        "expected `fine`, got {:?}",
        response.body()
    );
    Ok(())
}
