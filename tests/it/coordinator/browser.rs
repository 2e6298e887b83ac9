//! The demo's pages in a real Chromium: clicked through in each language, wide and narrow, light and dark, and judged by axe-core.
//!
//! Found by `TRIALGATE_CHROMEDRIVER` and `TRIALGATE_CHROMIUM`, else on the PATH; axe-core by `TRIALGATE_AXE`, else where `./test` puts it.

use crate::program::trialgate;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where `./test` puts axe-core.
const AXE: &str = "target/axe/node_modules/axe-core/axe.min.js";

/// Rules of axe-core that hold on the smallest page; fewer: it did not look.
const RULES_MIN: i64 = 25;
/// Looks at a page that is on its way.
const LOOKS: usize = 2000;
/// Longest wait for one answer of the driver.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn found(variable: &str, name: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Some(PathBuf::from(path));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|p| p.is_file())
}

/// Driver, browser and axe-core; `None` where one is absent, which `./test` does not allow.
pub(super) fn tools() -> Option<(PathBuf, PathBuf, String)> {
    let axe = std::env::var_os("TRIALGATE_AXE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(AXE), PathBuf::from);
    let all = found("TRIALGATE_CHROMEDRIVER", "chromedriver")
        .zip(found("TRIALGATE_CHROMIUM", "chromium"))
        .zip(std::fs::read_to_string(&axe).ok());
    if let Some(((driver, browser), axe)) = all {
        return Some((driver, browser, axe));
    }
    let wanted = "chromedriver, chromium or axe-core is absent; ./test installs them";
    assert!(std::env::var_os("TRIALGATE_TEST_ALL").is_none() && std::env::var_os("CI").is_none(), "{wanted}");
    println!("left out: {wanted}");
    None
}

/// A browser, driven by WebDriver (W3C) over plain HTTP.
pub(super) struct Browser {
    driver: String,
    session: String,
    _process: Running,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browser with the session; ended itself, it would leave the browser behind.
        let _ = exchange(&self.driver, "DELETE", &self.session, "");
    }
}

impl Browser {
    pub(super) fn start(driver: &Path, chromium: &Path) -> Self {
        let mut command = Command::new(driver);
        command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the driver starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let process = Running(child);
        let port =
            lines.find_map(|l| l.split("successfully on port ").nth(1).map(|p| p.trim_end_matches('.').to_owned()));
        let driver = format!("127.0.0.1:{}", port.expect("the driver says where it listens"));
        // Whatever it says further is read away, so that it never waits for us.
        std::thread::spawn(move || lines.count());
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--window-size=1400,1100",
        ];
        let options = json!({ "binary": chromium, "args": args });
        let wanted = json!({ "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
        let mut browser = Self { driver, session: String::new(), _process: process };
        let opened = browser.ask("POST", "/session", &json!({ "capabilities": { "alwaysMatch": wanted } }));
        browser.session = format!("/session/{}", opened["sessionId"].as_str().expect("a session"));
        browser
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "GET" || method == "DELETE" { String::new() } else { body.to_string() };
        let (head, answer) = exchange(&self.driver, method, path, &body).unwrap_or_else(|e| panic!("{path}: {e}"));
        let value: Value = serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert!(head.contains(" 200 "), "{path}: {value}");
        value["value"].clone()
    }

    pub(super) fn post(&self, path: &str, body: Value) -> Value {
        self.ask("POST", &format!("{}{path}", self.session), &body)
    }

    pub(super) fn go(&self, url: &str) {
        self.post("/url", json!({ "url": url }));
    }

    pub(super) fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": [] }))
    }

    /// Clicks what leads to another page, and looks until that is there.
    pub(super) fn click(&self, selector: &str) {
        self.run("window.left = true");
        let element = self.post("/element", json!({ "using": "css selector", "value": selector }));
        self.post(
            "/execute/sync",
            json!({ "script": "arguments[0].scrollIntoView({ block: 'center' })", "args": [element] }),
        );
        let id = element.as_object().and_then(|o| o.values().next()).and_then(Value::as_str).expect("an element");
        self.post(&format!("/element/{id}/click"), json!({}));
        let there = || self.run("return !window.left && document.readyState === 'complete'") == true;
        assert!((0..LOOKS).any(|_| there()), "{selector} leads nowhere");
    }

    pub(super) fn cdp(&self, cmd: &str, params: Value) {
        self.post("/goog/cdp/execute", json!({ "cmd": cmd, "params": params }));
    }

    pub(super) fn look(&self, width: u32, scheme: &str) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.cdp("Emulation.setDeviceMetricsOverride", size);
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// What is wrong with the page at hand: wider than the window, in another language, or against a rule of axe-core.
    pub(super) fn judge(&self, axe: &str, lang: &str, width: u32, what: &str, wrong: &mut Vec<String>) {
        // A narrow browser that shows a wide page zooms out, so its own width tells nothing.
        let seen = self.run("return [document.documentElement.scrollWidth, document.documentElement.lang, document.querySelectorAll('h1').length]");
        if seen[0].as_i64() > Some(i64::from(width)) {
            let script = format!(
                "return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > {width} + 1).slice(-3).map(e => e.outerHTML.slice(0, 120))"
            );
            wrong.push(format!("{what}: {} wide in {width}: {}", seen[0], self.run(&script)));
        }
        if seen[1] != lang || seen[2] != 1 {
            wrong.push(format!("{what}: lang {} instead of {lang}, {} headings of the first level", seen[1], seen[2]));
        }
        let script = format!(
            "{axe}; const done = arguments[arguments.length - 1]; axe.run(document, {{ resultTypes: ['violations'] }}).then(r => \
             done([r.passes.length].concat(r.violations.map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + n.failureSummary).join(' | ')))), e => done([0, String(e)]))"
        );
        let found = self.post("/execute/async", json!({ "script": script, "args": [] }));
        let found = found.as_array().expect("a list");
        if found[0].as_i64() < Some(RULES_MIN) {
            wrong.push(format!("{what}: only {} rules of axe-core were applied", found[0]));
        }
        wrong.extend(found.iter().skip(1).map(|v| format!("{what}: {v}")));
    }

    /// What the browser complained of, such as a refusal by the page's own policy.
    pub(super) fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", json!({ "type": "browser" }));
        log.as_array().expect("a list").iter().map(|l| format!("{}: {}", l["level"], l["message"])).collect()
    }
}

/// One request; the driver keeps its connections open, so the answer's length says where it ends.
fn exchange(address: &str, method: &str, path: &str, body: &str) -> std::io::Result<(String, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )?;
    let mut reader = BufReader::new(stream);
    let (mut status, mut length) = (String::new(), 0);
    reader.read_line(&mut status)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap_or(0)
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}

/// The demo, its story played without pauses, and the address of its page.
fn demo() -> (Running, String) {
    let mut command = trialgate();
    command.args(["demo", "--step"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the demo starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let demo = Running(child);
    let page =
        lines.find_map(|line| line.trim().strip_prefix("page ").map(str::to_owned)).expect("the demo prints its page");
    // Whoever stops reading would stop the demo.
    std::thread::spawn(move || lines.count());
    (demo, page.split_whitespace().next().expect("an address").to_owned())
}

#[test]
fn the_pages_work_in_a_browser_in_each_language_wide_and_narrow() {
    let Some((driver, chromium, axe)) = tools() else { return };
    let (_demo, url) = demo();
    let browser = Browser::start(&driver, &chromium);
    let mut wrong = Vec::new();
    browser.go(&url);
    assert_eq!(browser.run("return location.search"), "", "the key is gone from the address");
    for (word, lang) in [("en", "en"), ("zh", "zh-Hans"), ("de", "de")] {
        for (width, scheme) in [(1280, "light"), (390, "dark")] {
            browser.look(width, scheme);
            browser.go(url.split("?k=").next().expect("a base"));
            browser.click(&format!("button[name=lang][value={word}]"));
            let mut judge =
                |page: &str| browser.judge(&axe, lang, width, &format!("{page} {word} {width} {scheme}"), &mut wrong);
            judge("worklist");
            assert_eq!(browser.run("return document.querySelectorAll('.persons tbody tr').length"), 7);
            browser.click("nav.tiles li:nth-child(4) a");
            judge("near misses");
            browser.click(".persons tbody tr th a");
            judge("person");
            assert!(browser.run("return document.querySelectorAll('svg.trend').length").as_i64() > Some(3));
            browser.run("document.querySelectorAll('details').forEach(d => d.open = true)");
            judge("person, tables open");
            browser.click("header nav a:nth-child(2)");
            judge("trial");
            let feeds = browser.run("return document.querySelector('header nav a[href$=\"/feeds\"]').href");
            browser.go(feeds.as_str().expect("a link"));
            judge("feeds and queues");
            assert!(browser.run("return document.querySelectorAll('section.card dl').length").as_i64() > Some(0));
            browser.go(&format!("{}trials/none", url.split("?k=").next().expect("a base")));
            judge("not found");
        }
    }
    keyboard(&browser, &url, &mut wrong);
    browser.click(".out button");
    assert_eq!(
        browser.run("return location.pathname"),
        "/sign-in",
        "{:?} {}",
        browser.complaints(),
        browser.run("return document.body.innerText.slice(0, 300)")
    );
    for (width, scheme) in [(390, "light"), (1280, "dark")] {
        browser.look(width, scheme);
        browser.judge(&axe, "de", width, &format!("sign in {width} {scheme}"), &mut wrong);
    }
    let complaints = browser.complaints().into_iter().filter(|c| !c.contains("404 (Not Found)"));
    wrong.extend(complaints);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first stop of the keyboard leads past the navigation, and every stop can be seen.
fn keyboard(browser: &Browser, url: &str, wrong: &mut Vec<String>) {
    browser.look(1280, "light");
    browser.go(url.split("?k=").next().expect("a base"));
    let tab = json!({ "actions": [{ "type": "key", "id": "k", "actions": [{ "type": "keyDown", "value": "\u{e004}" }, { "type": "keyUp", "value": "\u{e004}" }] }] });
    for stop in 0..8 {
        browser.post("/actions", tab.clone());
        let seen = browser.run(
            "const e = document.activeElement, b = e.getBoundingClientRect(), s = getComputedStyle(e); \
             return [e.className, s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2, b.top >= 0 && b.width > 0, e.outerHTML.slice(0, 80)]",
        );
        if stop == 0 && seen[0] != "skip" {
            wrong.push(format!("the first stop is {}", seen[3]));
        }
        if seen[1] != true || seen[2] != true {
            wrong.push(format!("stop {stop} is not seen: {seen}"));
        }
    }
}
