// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// What a script does, statement by statement.
enum SQLStatement {
  /// What is put into a column.
  enum Value: Hashable {
    case null
    case text(String)
    case boolean(Bool)
    /// What the column has by itself.
    case byDefault
    /// A new id.
    case id
    /// The time of the transaction.
    case time
  }

  case begin, commit, rollback
  case create(TestTable)
  /// Rows; without columns it is all of them.
  case insert(TableName, columns: [String]?, rows: [[Value]], line: Int)
  case message(prefix: String, content: String)
}

/// Reads the statements that tests of an outbox need: with literals, and without a server's help.
struct SQLScript {
  private var tokens: SQLTokens
  private var token: SQLToken?

  /// Reads a whole script.
  static func statements(_ script: String) throws(SQLMistake) -> [SQLStatement] {
    var reader = try SQLScript(script)
    var statements: [SQLStatement] = []
    while reader.token != nil {
      if try reader.take(symbol: ";") { continue }
      statements.append(try reader.statement())
      if reader.token != nil, try !reader.take(symbol: ";") { throw reader.unexpected("the end of a statement") }
    }
    return statements
  }

  private init(_ script: String) throws(SQLMistake) {
    tokens = SQLTokens(script)
    token = try tokens.next()
  }

  private mutating func statement() throws(SQLMistake) -> SQLStatement {
    if try take("begin") { return try ended(.begin) }
    if try take("start", "transaction") { return .begin }
    if try take("commit") { return try ended(.commit) }
    if try take("end") { return try ended(.commit) }
    if try take("rollback") { return try ended(.rollback) }
    if try take("abort") { return try ended(.rollback) }
    if try take("create", "table") { return try creation() }
    if try take("insert", "into") { return try insertion() }
    if try take("select") { return try message() }
    throw unexpected("INSERT, CREATE TABLE, BEGIN, COMMIT, ROLLBACK or SELECT pg_logical_emit_message")
  }

  private mutating func ended(_ statement: SQLStatement) throws(SQLMistake) -> SQLStatement {
    if try !take("transaction") { _ = try take("work") }
    return statement
  }

  private mutating func creation() throws(SQLMistake) -> SQLStatement {
    if try take("if", "not"), try !take("exists") { throw unexpected("EXISTS") }
    var table = TestTable(name: try tableName(), columns: [])
    try expect("(")
    repeat {
      if case .name(let word, false) = token, Self.constraints.contains(word) {
        try skipToNextItem()
      } else {
        table.columns.append(try column())
      }
    } while try take(symbol: ",")
    try expect(")")
    return .create(table)
  }

  private static let constraints: Set<String> = [
    "check", "constraint", "exclude", "foreign", "like", "primary", "unique",
  ]
  private static let columnConstraints: Set<String> = [
    "check", "collate", "constraint", "default", "generated", "not", "null", "primary", "references", "unique",
  ]

  private mutating func column() throws(SQLMistake) -> TestTable.Column {
    let name = try name("a column's name")
    var words: [String] = []
    while case .name(let word, _) = token, words.isEmpty || !Self.columnConstraints.contains(word) {
      words.append(word)
      try advance()
      if try take(symbol: ".") { words.removeLast() }
      try skipModifier()
    }
    guard let type = TestTable.type(words.joined(separator: " ")) else {
      throw mistake("the type of \(name) is not known here: name a built-in one")
    }
    var column = TestTable.Column(name: name, type: type)
    while let token, token != .symbol(","), token != .symbol(")") {
      if try take("default") {
        switch try value() {
        case .text(let text): column.byDefault = .value(text)
        case .boolean(let value): column.byDefault = .value(value ? "t" : "f")
        case .id: column.byDefault = .id
        case .time: column.byDefault = .time
        case .null, .byDefault: column.byDefault = .null
        }
      } else {
        try skip()
      }
    }
    return column
  }

  private mutating func insertion() throws(SQLMistake) -> SQLStatement {
    let line = tokens.line
    let table = try tableName()
    var columns: [String]?
    if try take(symbol: "(") {
      var names: [String] = []
      repeat { names.append(try name("a column's name")) } while try take(symbol: ",")
      try expect(")")
      columns = names
    }
    guard try take("values") else { throw unexpected("VALUES") }
    var rows: [[SQLStatement.Value]] = []
    repeat {
      try expect("(")
      var row: [SQLStatement.Value] = []
      repeat { row.append(try value()) } while try take(symbol: ",")
      try expect(")")
      rows.append(row)
    } while try take(symbol: ",")
    return .insert(table, columns: columns, rows: rows, line: line)
  }

  private mutating func message() throws(SQLMistake) -> SQLStatement {
    if try take("pg_catalog") { try expect(".") }
    guard try take("pg_logical_emit_message") else { throw unexpected("pg_logical_emit_message") }
    try expect("(")
    guard case .boolean(let isTransactional) = try value(), isTransactional else {
      throw mistake("only a message that belongs to its transaction becomes an event: the first argument is true")
    }
    try expect(",")
    let prefix = try value()
    try expect(",")
    let content = try value()
    try expect(")")
    guard case .text(let prefix) = prefix, case .text(let content) = content else {
      throw mistake("a message has a prefix and a content, both strings")
    }
    return .message(prefix: prefix, content: content)
  }

  /// A literal, or one of the functions that defaults are made with. A cast changes nothing: the column has a type.
  private mutating func value() throws(SQLMistake) -> SQLStatement.Value {
    let found: SQLStatement.Value
    switch token {
    case .text(let text): found = .text(text)
    case .number(let number): found = .text(number)
    case .name("null", false): found = .null
    case .name("default", false): found = .byDefault
    case .name("true", false): found = .boolean(true)
    case .name("false", false): found = .boolean(false)
    case .name("current_timestamp", false): found = .time
    case .name("pg_catalog", false):
      try advance()
      try expect(".")
      return try value()
    case .name("gen_random_uuid", false), .name("uuidv7", false), .name("now", false), .name("clock_timestamp", false):
      found = [.name("now", isQuoted: false), .name("clock_timestamp", isQuoted: false)].contains(token) ? .time : .id
      try advance()
      try expect("(")
      guard token == .symbol(")") else { throw unexpected(")") }
    default: throw unexpected("a literal: there is no server here that could compute")
    }
    try advance()
    while token == .cast {
      try advance()
      _ = try name("a type's name")
      try skipModifier()
    }
    return found
  }

  private mutating func tableName() throws(SQLMistake) -> TableName {
    let first = try name("a table's name")
    return try take(symbol: ".")
      ? TableName(schema: first, name: try name("a table's name")) : TableName(schema: "public", name: first)
  }

  private mutating func name(_ what: String) throws(SQLMistake) -> String {
    guard case .name(let name, _) = token else { throw unexpected(what) }
    try advance()
    return name
  }

  /// Passes over what stands up to the next comma or closing parenthesis of this level.
  private mutating func skipToNextItem() throws(SQLMistake) {
    while let token, token != .symbol(","), token != .symbol(")") { try skip() }
  }

  /// Passes over the length or precision of a type.
  private mutating func skipModifier() throws(SQLMistake) {
    if token == .symbol("(") { try skip() }
  }

  /// Passes over a word, or all that a parenthesis holds.
  private mutating func skip() throws(SQLMistake) {
    var depth = 0
    repeat {
      guard let token else { throw unexpected(")") }
      depth += token == .symbol("(") ? 1 : token == .symbol(")") ? -1 : 0
      try advance()
    } while depth > 0
  }

  private mutating func advance() throws(SQLMistake) { token = try tokens.next() }

  private mutating func take(_ words: String...) throws(SQLMistake) -> Bool {
    guard token == .name(words[0], isQuoted: false) else { return false }
    for word in words {
      guard token == .name(word, isQuoted: false) else { throw unexpected(word.uppercased()) }
      try advance()
    }
    return true
  }

  private mutating func take(symbol: Character) throws(SQLMistake) -> Bool {
    guard token == .symbol(symbol) else { return false }
    try advance()
    return true
  }

  private mutating func expect(_ symbol: Character) throws(SQLMistake) {
    guard try take(symbol: symbol) else { throw unexpected(String(symbol)) }
  }

  private func mistake(_ what: String) -> SQLMistake { SQLMistake(line: tokens.line, what: what) }

  private func unexpected(_ wanted: String) -> SQLMistake {
    mistake("there is \(token?.shown ?? "the end") where there should be \(wanted)")
  }
}
