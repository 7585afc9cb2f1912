// SPDX-License-Identifier: Apache-2.0

import Contracts
import Testing

struct PatternTests {
  @Test(arguments: [
    ("a", "xay", true), ("^a$", "xa", false), ("^a$", "a\n", false), ("^.$", "\u{1F600}", true), ("^.$", "\n", false),
    ("^[a-c]{2,3}$", "abc", true), ("^[a-c]{2,3}$", "abca", false), ("^(foo|bar)+$", "foobarfoo", true),
    ("^\\d+$", "123", true), ("^\\d+$", "\u{0660}", false), ("^\\w+$", "é", false), ("^\\W$", "é", true),
    ("^\\s$", "\u{FEFF}", true), ("^\\S+$", "a b", false), ("\\bfoo\\b", "a foo b", true), ("\\bfoo\\b", "afoo", false),
    ("\\Boo", "foo", true), ("^\\p{Lu}\\p{L}*$", "Élan", true), ("^\\P{L}$", "1", true),
    ("^\\p{Nd}$", "\u{0660}", true),
    ("^[\\p{L}\\d-]+$", "é-1", true), ("^[^\\d]$", "x", true), ("^[^\\D]$", "x", false),
    ("^\\u{1F600}$", "\u{1F600}", true),
    ("^\\uD83D\\uDE00$", "\u{1F600}", true), ("^\\x41\\cA\\0$", "A\u{1}\u{0}", true), ("^a{0}$", "", true),
    ("", "x", true),
    ("^[]$", "", false), ("^[^]$", "\n", true), ("^(?:a*)*$", "aaa", true), ("^(?<n>a)b?$", "a", true),
    ("a{,3}", "a{,3}", true),
    ("^[a-]$", "-", true), ("^\\$\\.$", "$.", true), ("^(a|)$", "", true), ("^a+?b$", "aab", true),
    ("^(^a)$", "a", true),
    ("^[\\D\\d]$", "5", true), ("^\\-\\/$", "-/", true),
  ]) func `a pattern matches as ECMA-262 has it`(_ pattern: String, _ text: String, _ matches: Bool) throws {
    let pattern = try Pattern(pattern)
    #expect(pattern.matches(text) == matches)
  }

  @Test(arguments: [
    ("(?=a)", "lookahead"), ("(?!a)", "lookahead"), ("(?<=a)", "lookbehind"), ("(?<!a)", "lookbehind"),
    ("(a)\\1", "backreference"),
    ("\\k<n>", "backreference"), ("a**", "count on a count"), ("*a", "nothing before"), ("(a", "without its )"),
    ("a)", "without its ("), ("[a", "without its ]"), ("[b-a]", "end is before"), ("a{3,2}", "end is before"),
    ("\\a", "escape \\a"),
    ("\\", "ends with a backslash"), ("\\p{Script=Greek}", "not known here"), ("(?i)a", "kind of group"),
    ("^*", "takes no character"),
    ("((a{100}){100}){100}", "more than 10000 steps"), ("\\u{110000}", "escape \\u"), ("\\x4", "escape \\x"),
  ]) func `a pattern that cannot be matched is refused with its reason`(_ pattern: String, _ words: String) {
    let fault = #expect(throws: PatternFault.self) { try Pattern(pattern) }
    #expect(fault?.problem.contains(words) == true, "\(fault?.problem ?? "none")")
    #expect(fault?.advice.isEmpty == false)
  }

  @Test func `groups within each other are bounded`() {
    let fault = #expect(throws: PatternFault.self) { try Pattern(String(repeating: "(", count: 100_000)) }
    #expect(fault?.problem.contains("groups within each other") == true)
  }

  @Test(arguments: ["^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "(.*a){12}$", "^((a*)*)*$", "(x+x+)+y"])
  func `a catastrophic pattern ends soon`(_ pattern: String) throws {
    let pattern = try Pattern(pattern)
    let start = ContinuousClock.now
    #expect(!pattern.matches(String(repeating: "ax", count: 2_000) + "!"))
    #expect(ContinuousClock.now - start < .seconds(1))
  }
}
