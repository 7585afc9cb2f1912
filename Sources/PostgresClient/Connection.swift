// SPDX-License-Identifier: Apache-2.0

import CLibpq
import Glibc
package import PostgresWire

/// One connection to a server, through libpq.
///
/// Source: PostgreSQL manual, "libpq — C Library".
@safe package struct Connection: ~Copyable {
  /// What a connection is for.
  package enum Purpose: Hashable, Sendable {
    /// Statements; each answer may take so long, or as long as it takes.
    case statements(within: Duration?)
    /// A service's own statements, which expect the settings that its role and its database have: schemas, time limits and how
    /// transactions begin stay as they are.
    case service(within: Duration?)
    /// A replication stream. Each answer must come within libpq's `connect_timeout`, or else 30 seconds: when the network
    /// has gone without a word, nothing else would tell.
    case replication
  }

  let connection: OpaquePointer
  let notices: NoticeBox
  /// How it travels.
  package private(set) var transport = Transport.plain(isExposed: false)
  var isEncrypted: Bool { if case .encrypted = transport { true } else { false } }
  /// Nothing had arrived at the last look.
  var isSilent = true
  let isCancelled: @Sendable () -> Bool
  /// How long an answer may take; nil for as long as it takes.
  let timeLimit: Duration?
  let isReplicating: Bool
  /// Output is waiting for the socket to take it.
  package internal(set) var wantsWrite = false

  /// Connects, within libpq's `connect_timeout` or else 30 seconds for each host's each address.
  ///
  /// - Parameters:
  ///   - name: what the server's views show for it, unless the connection string or `PGAPPNAME` has another.
  ///   - isCancelled: asked about every fifth of a second while waiting for the server; true gives up, and asks the
  ///     server to give up too.
  package static func connect(
    _ database: String, for purpose: Purpose, as name: String = "tailrace",
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) -> Connection {
    try ConnectionString.check(database)
    let (text, source) = ConnectionString.parts(of: database)
    var parameters: [(String, String)] = text.isEmpty ? [] : [("dbname", text)]
    if let source { parameters.append(("password", try source.password(isCancelled: isCancelled))) }
    parameters.append(("fallback_application_name", name))
    parameters.append(("client_encoding", "UTF8"))
    if purpose == .replication { parameters.append(("replication", "database")) }
    var hosts: HostList?
    var (limits, cut): ([(String, String)], Failure?) = ([], nil)
    while true {
      let handle = try unsafe start(parameters + (hosts?.parameters ?? []) + limits)
      var server = unsafe Connection(handle, purpose, isCancelled)
      unsafe PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
      try unsafe ConnectionString.check(handle)
      var withoutLimits: [(String, String)]?
      do throws(Failure) {
        if let silent = try server.waitForConnection() {
          var others = unsafe hosts ?? HostList(handle)
          guard others.leaveOut(silent) else { throw unsafe Self.silent(for: .seconds(connectTimeout(handle))) }
          hosts = others
          continue
        }
        unsafe PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
        server.transport = server.foundTransport()
        withoutLimits = server.withoutLimits
        if case .service = purpose { return server }
        try server.pinSettings()
      } catch {
        if let withoutLimits, limits.isEmpty, !isCancelled() {
          (limits, cut) = (withoutLimits, error)
          continue
        }
        // Whoever refuses options must not hide why they were given.
        var error = ConnectionString.blaming(withoutLimits == nil ? cut ?? error : error, for: database)
        if error.sqlState == "28P01", let source { error.advice = source.advice }
        throw server.transport.warned(ConnectionString.isGiven(database) ? error : error.unnamed)
      }
      return server
    }
  }

  private static func start(_ parameters: [(String, String)]) throws(Failure) -> OpaquePointer {
    let handle = unsafe Self.withCStrings(parameters.map(\.0)) { keywords in
      unsafe Self.withCStrings(parameters.map(\.1)) { values in unsafe PQconnectStartParams(keywords, values, 1) }
    }
    guard let handle = unsafe handle else { throw Failure(.internal, "out of memory") }
    return unsafe handle
  }

  /// Whether a server is there that turns clients away because it starts up or shuts down. Not libpq's ping, which writes what
  /// the server says beside that to standard error as it is.
  package static func isRefusingClients(_ database: String) -> Bool {
    let text = ConnectionString.parts(of: database).text
    let parameters = (text.isEmpty ? [] : [("dbname", text)]) + [("connect_timeout", "2")]
    guard let handle = unsafe try? start(parameters) else { return false }
    var server = unsafe Connection(handle, .statements(within: .seconds(2)), { false })
    unsafe PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
    do throws(Failure) {
      _ = try server.waitForConnection()
      return false
    } catch {
      return error.sqlState == "57P03"
    }
  }

  private init(_ handle: OpaquePointer, _ purpose: Purpose, _ isCancelled: @escaping @Sendable () -> Bool) {
    unsafe connection = handle
    self.isCancelled = isCancelled
    isReplicating = purpose == .replication
    timeLimit =
      switch purpose {
      case .statements(let limit), .service(let limit): limit
      case .replication: .seconds(unsafe Self.connectTimeout(handle))
      }
    notices = NoticeBox()
    unsafe PQsetNoticeReceiver(
      connection, { unsafe receiveNotice($0, $1) }, Unmanaged.passUnretained(notices).toOpaque())
  }

  deinit { unsafe PQfinish(connection) }

  /// The server's version, such as 150018.
  package var serverVersion: Int { unsafe Int(PQserverVersion(connection)) }

  /// Whether the database's text has no encoding, so that it may be anything.
  package var hasPlainBytes: Bool { encoding == "SQL_ASCII" }

  /// The database's encoding, such as `UTF8`.
  package var encoding: String? {
    unsafe PQparameterStatus(connection, "server_encoding").map { unsafe String(cString: $0) }
  }

  /// Whether nothing can be written there, as on a standby.
  var isHotStandby: Bool {
    unsafe PQparameterStatus(connection, "in_hot_standby").map { unsafe String(cString: $0) } == "on"
  }

  /// The server's process that serves it.
  package var backend: Int32 { unsafe PQbackendPID(connection) }

  /// What to poll.
  package var socket: ServerSocket { ServerSocket(descriptor: unsafe PQsocket(connection)) }

  /// The notices that came since the last call.
  package func takeNotices() -> [Notice] { notices.take() }

  /// Waits until the connection is there; gives the host that has said nothing for too long, if one has.
  private mutating func waitForConnection() throws(Failure) -> HostList.Host? {
    let limit = Duration.seconds(unsafe Self.connectTimeout(connection))
    var host = unsafe HostList.current(connection)
    var deadline = ContinuousClock.now + limit
    while unsafe PQstatus(connection) != CONNECTION_BAD {
      switch unsafe PQconnectPoll(connection) {
      case PGRES_POLLING_OK: return nil
      case PGRES_POLLING_READING: socket.wait(forWriting: false, milliseconds: 200)
      case PGRES_POLLING_WRITING: socket.wait(forWriting: true, milliseconds: 200)
      default: break
      }
      // Whoever answers now may ask for the password, and need not let us in for that.
      if unsafe PQstatus(connection) == CONNECTION_AWAITING_RESPONSE { transport = foundTransport() }
      if isCancelled() { throw Self.stopped }
      let current = unsafe HostList.current(connection)
      if current != host { (host, deadline) = (current, .now + limit) }
      guard ContinuousClock.now < deadline else { return current }
    }
    var failure = ServerErrors.connecting(
      withoutSecrets(errorMessage), needsPassword: unsafe PQconnectionNeedsPassword(connection) == 1)
    if failure.sqlState == "42501", let right = missingRight(failure.what) { failure.advice = "\(sql: right)" }
    throw failure
  }

  /// Words that quote the user without what may be a password behind it: no role of many has a colon in its name.
  private func withoutSecrets(_ words: String) -> String {
    let user = unsafe PQuser(connection).map { unsafe String(cString: $0) } ?? ""
    guard let colon = user.firstIndex(of: ":") else { return words }
    return words.replacing(user, with: "\(user[..<colon]):…")
  }

  /// The statement that lets the role connect, where the server's words, if they are English, tell what it lacks.
  private func missingRight(_ what: Wording) -> String? {
    let words = what.description
    let role = unsafe SQLName.inStatement(String(cString: PQuser(connection)))
    if words.contains("walsender") || words.contains("WAL sender") { return "ALTER ROLE \(role) REPLICATION;" }
    guard words.contains("for database") else { return nil }
    return unsafe "GRANT CONNECT ON DATABASE \(SQLName.inStatement(String(cString: PQdb(connection)))) TO \(role);"
  }

  static let stopped = Failure(.connection, "stopped while waiting for the server")

  static func silent(for limit: Duration, advice: Wording? = nil) -> Failure {
    Failure(
      .connection, "the server did not answer within \(limit.components.seconds) s",
      advice: advice ?? "check host, port and network, or raise connect_timeout")
  }

  static func connectTimeout(_ connection: OpaquePointer) -> Int {
    guard let seconds = unsafe option("connect_timeout", of: connection).flatMap({ Int($0) }), seconds > 0 else {
      return 30
    }
    return max(2, seconds)
  }

  /// What counts for a connection, from wherever libpq has it; nil when it is not set.
  static func option(_ name: String, of connection: OpaquePointer) -> String? {
    let options = unsafe PQconninfo(connection)
    defer { unsafe PQconninfoFree(options) }
    for (keyword, value) in unsafe ConnectionString.values(options) where keyword == name { return value }
    return nil
  }

  var errorMessage: String { unsafe String(cString: PQerrorMessage(connection)) }

  func lost() -> Failure { ServerErrors.error(errorMessage, sqlState: nil) }

  func failure(_ result: OpaquePointer?) -> Failure {
    guard let code = unsafe PQresultErrorField(result, CInt(UInt8(ascii: "C"))) else { return lost() }
    let message = unsafe PQresultErrorField(result, CInt(UInt8(ascii: "M")))
    return unsafe ServerErrors.error(message.map { unsafe String(cString: $0) } ?? "", sqlState: String(cString: code))
  }

  /// Calls `body` with a null-terminated array of C strings.
  static func withCStrings<Result>(
    _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
  ) -> Result {
    let copies = unsafe strings.map { string in unsafe string.flatMap { unsafe strdup($0) } }
    defer { unsafe copies.forEach { unsafe free($0) } }
    let pointers = unsafe copies.map { unsafe UnsafePointer($0) } + [nil]
    return unsafe pointers.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("an array with a terminator is not empty") }
      return unsafe body(base)
    }
  }
}
