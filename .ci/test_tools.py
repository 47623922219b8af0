"""Tests of `.ci/words`, `.ci/circles`, `.ci/links` and the workflows: python3 .ci/test_tools.py"""

import importlib.machinery
import importlib.util
import pathlib
import re
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def load(name):
    loader = importlib.machinery.SourceFileLoader(name, str(HERE / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


words = load("words")
circles = load("circles")
links = load("links")


class Links(unittest.TestCase):
    def test_dead_links_are_found(self):
        pages = {
            "a/index.html": '<a href="../b/index.html#here"> <a href="../c/old.html#there"> <a id="own"> <a href="#own">',
            "b/index.html": '<p id="here"><a href="gone.html"> <a href="../a/index.html#gone"> <a href="https://example.com">',
            "c/old.html": '<meta http-equiv="refresh" content="0;URL=new.html">',
            "c/new.html": '<p id="there"><a href="https://docs.rs/carrot-core">',
        }
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            for name, text in pages.items():
                (root / name).parent.mkdir(exist_ok=True)
                (root / name).write_text(text)
            dead = [link for _, link in links.dead_links(root)]
        self.assertEqual(dead, ["gone.html", "../a/index.html#gone", "https://docs.rs/carrot-core"])


class Workflows(unittest.TestCase):
    def test_every_job_is_in_a_workflow(self):
        run = subprocess.run(["bash", str(HERE / "run"), "--list"], capture_output=True, text=True, check=True)
        text = "\n".join(path.read_text() for path in (HERE.parent / ".github/workflows").glob("*.yml"))
        named = set(re.findall(r"[\w-]+", "\n".join(re.findall(r"^ +- (?:run: bash \.ci/run )?([\w -]+)$", text, re.M))))
        self.assertEqual([job for job in run.stdout.split() if job not in named], [])


class Words(unittest.TestCase):
    def found(self, rules, text, path="src/a.rs"):
        rules = words.read_rules(rules)
        return [(line, word) for line, word, _ in words.search(path, text, rules)]

    def test_phrase_is_found_in_names_and_prose(self):
        text = "struct OwnId;\nfn own_ids() {}\n// An own\n// id, and what I own. Id it.\n"
        found = self.found("own id, own ids -> external id", text)
        self.assertEqual(found, [(1, "own id"), (2, "own ids"), (3, "own id")])

    def test_phrase_is_no_part_of_another_word(self):
        self.assertEqual(self.found("answer -> response", "// answerable\nlet swanswer = 1;\n"), [])

    def test_name_is_searched_in_code_and_not_in_sentences(self):
        text = '/// Each call. See `Each`.\n/// ```\n/// Each::new()\n/// ```\nlet a: Each = f("Each"); // Each\n'
        self.assertEqual(self.found("`Each` -> CallAll", text), [(1, "Each"), (3, "Each"), (5, "Each")])

    def test_prose_crosses_lines_but_not_paragraphs(self):
        rule = r"prose /is no (?!more)/ -> is not a"
        text = "/// It is\n/// no id. It is no more.\n///\n/// It is\nfn no_one() {}\n"
        self.assertEqual(self.found(rule, text), [(1, "is no")])

    def test_code_pattern_is_not_searched_in_strings(self):
        rule = r"code /\.from\(/ -> .sender(x)"
        self.assertEqual(self.found(rule, 'a.from(b);\nc(".from(");\nString::from(d);\n'), [(1, ".from(")])

    def test_exception_needs_its_path_and_its_line(self):
        rule = "quota -> rate limit\n    src/*.rs: vendor\n"
        text = "// the vendor's quota\n// a quota\n"
        self.assertEqual(self.found(rule, text), [(2, "quota")])
        self.assertEqual(len(self.found(rule, text, "tests/a.rs")), 2)

    def test_names_of_files_are_searched(self):
        self.assertEqual(self.found("quota -> rate limit", "", "src/quota_queue.rs"), [(0, "quota")])

    def test_rest_of_file_survives_odd_literals(self):
        text = "let a = '\"'; let b: &'a str = r#\"\"quota\"\"#; let c = b'\\''; Each\n"
        self.assertEqual(self.found("`Each` -> CallAll", text), [(1, "Each")])


class Circles(unittest.TestCase):
    def graph(self, files, strict=False):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                file = pathlib.Path(folder) / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            root = pathlib.Path(folder) / "lib.rs"
            return circles.graph_of(root, strict)

    def circles(self, files, strict=False):
        found = circles.circles_of(self.graph(files, strict))
        return [sorted("/".join(m.path) for m in circle) for circle in found]

    def test_planted_circle_is_found(self):
        files = {
            "lib.rs": "mod a; mod b;",
            "a.rs": "use crate::b::B;\npub struct A(B);",
            "b.rs": "pub struct B;\nfn f(_: &super::a::A) {}",
        }
        self.assertEqual(self.circles(files), [["a", "b"]])
        files["b.rs"] = "pub struct B; // crate::a::A"
        self.assertEqual(self.circles(files), [])

    def test_circle_through_re_exports_groups_globs_and_renames(self):
        files = {
            "lib.rs": "pub mod x; mod c;\npub use x::{A as First, *};",
            "x/mod.rs": "mod a; mod b;\npub use self::{a::A, b::*};",
            "x/a.rs": "use crate::c;\npub struct A; fn f() { c::run() }",
            "x/b.rs": "use super::*;\npub struct B(A);",
            "c.rs": "use crate::{B, First as _};\npub fn run() { let _: B; }",
        }
        self.assertEqual(self.circles(files), [["c", "x/a", "x/b"]])

    def test_circle_through_a_macro(self):
        files = {
            "lib.rs": "#[macro_use] mod a; mod b;",
            "a.rs": "macro_rules! make { () => { $crate::b::run() } }",
            "b.rs": "make!();\npub fn run() {}",
        }
        self.assertEqual(self.circles(files), [["a", "b"]])

    def test_parents_and_children(self):
        files = {
            "lib.rs": "mod p;",
            "p/mod.rs": "mod a;\npub struct P; fn f() { a::run() }",
            "p/a.rs": "use super::P;\npub fn run() -> P { P }",
        }
        self.assertEqual(self.circles(files), [])
        self.assertEqual(self.circles(files, strict=True), [["p", "p/a"]])
        files["p/mod.rs"] = "mod a;\npub use a::run;\npub struct P;"
        self.assertEqual(self.circles(files, strict=True), [])

    def test_tests_inside_a_file_do_not_count(self):
        files = {
            "lib.rs": "mod a; mod b;",
            "a.rs": "pub struct A;\n#[cfg(test)]\nmod tests { use crate::b::B; }",
            "b.rs": "pub struct B(crate::a::A);\n#[cfg(test)]\nmod tests;",
            "b/tests.rs": "use super::*; use crate::a::A;",
        }
        self.assertEqual(self.circles(files), [])

    def test_inline_modules_belong_to_their_file(self):
        files = {
            "lib.rs": "mod a; mod b;",
            "a.rs": "mod inner { use super::super::b::B; pub struct I(B); }\npub use inner::I;",
            "b.rs": "pub struct B; fn f(_: crate::a::I) {}",
        }
        self.assertEqual(self.circles(files), [["a", "b"]])

    def test_layers(self):
        graph = self.graph({
            "lib.rs": "mod low; mod high; mod left; mod right;",
            "low.rs": "use crate::high::H; pub struct L;",
            "high.rs": "pub struct H; use crate::low::L;",
            "left.rs": "use crate::right::R;",
            "right.rs": "pub struct R;",
        })
        rules = circles.read_layers("c: low < high\nc: left | right # why\nother: low < high")
        found = [line.split(": ", 1)[1] for line in circles.against("c", graph, rules)]
        self.assertEqual(found, [
            "low must not use high: crate::high::H",
            "left must not use right: crate::right::R",
        ])
        rules = circles.read_layers("c: low < gone")
        self.assertIn("gone, which is not there", circles.against("c", graph, rules)[0])


if __name__ == "__main__":
    unittest.main()
