// SPDX-License-Identifier: Apache-2.0

/// Why a schema cannot be used.
package struct SchemaFault: Error, Hashable, Sendable {
  /// Where in the schema, as a JSON Pointer; empty for the whole.
  package var path: String
  /// The line, from 1; nil where it is not of one.
  package var line: Int?
  /// What is wrong.
  package var problem: String
  /// What to do.
  package var advice: String

  package init(_ path: String = "", line: Int? = nil, _ problem: String, advice: String) {
    (self.path, self.line, self.problem, self.advice) = (path, line, problem, advice)
  }
}

/// What is allowed in a schema and may not be meant.
package struct SchemaRemark: Hashable, Sendable {
  /// Where in the schema, as a JSON Pointer; empty for the whole.
  package var path: String
  /// What it is, and what to do.
  package var words: String

  /// What kind it is, for programs.
  package var code: String

  package init(_ path: String, _ words: String, code: String = "schema") {
    (self.path, self.words, self.code) = (path, words, code)
  }
}
