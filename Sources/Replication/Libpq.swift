import CLibpq
import Glibc
import PostgresWire

/// One connection to a server. This is the only file that calls libpq, and the only unsafe one of its module.
///
/// Source: PostgreSQL manual, "libpq — C Library".
@safe struct Libpq: ~Copyable {
  /// A warning or notice that the server sent beside its answers.
  struct Notice: Hashable {
    let sqlState: String
    let message: String
  }

  private let connection: OpaquePointer
  private let notices: NoticeBox
  private var isEncrypted = false
  /// Nothing had arrived at the last look.
  private var isSilent = true
  private let isCancelled: @Sendable () -> Bool
  /// How long an answer may take; nil for as long as it takes.
  private let timeLimit: Duration?
  /// Output is waiting for the socket to take it.
  private(set) var wantsWrite = false

  /// Connects, within libpq's `connect_timeout` or else 30 seconds. For replication, each answer must come within that
  /// time too: when the network has gone without a word, nothing else would tell.
  static func connect(
    _ database: String, forReplication: Bool, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(StreamError) -> Libpq {
    try ConnectionString.check(database)
    var parameters: [(String, String)] = database.isEmpty ? [] : [("dbname", database)]
    parameters.append(("fallback_application_name", "tailrace"))
    parameters.append(("client_encoding", "UTF8"))
    if forReplication { parameters.append(("replication", "database")) }
    let handle = unsafe Self.withCStrings(parameters.map(\.0)) { keywords in
      unsafe Self.withCStrings(parameters.map(\.1)) { values in unsafe PQconnectStartParams(keywords, values, 1) }
    }
    guard let handle = unsafe handle else { throw StreamError(.internal, "out of memory") }
    var server = unsafe Libpq(handle, isLimited: forReplication, isCancelled)
    unsafe PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
    try server.waitForConnection()
    unsafe PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
    server.isEncrypted = unsafe PQsslInUse(handle) == 1 || PQgssEncInUse(handle) == 1
    return server
  }

  /// Whether a server is there that turns clients away because it starts up or shuts down.
  static func isRefusingClients(_ database: String) -> Bool {
    var parameters: [(String, String)] = database.isEmpty ? [] : [("dbname", database)]
    parameters.append(("connect_timeout", "2"))
    return unsafe Self.withCStrings(parameters.map(\.0)) { keywords in
      unsafe Self.withCStrings(parameters.map(\.1)) { values in unsafe PQpingParams(keywords, values, 1) }
    } == PQPING_REJECT
  }

  private init(_ handle: OpaquePointer, isLimited: Bool, _ isCancelled: @escaping @Sendable () -> Bool) {
    unsafe connection = handle
    self.isCancelled = isCancelled
    timeLimit = isLimited ? .seconds(unsafe Self.connectTimeout(handle)) : nil
    notices = NoticeBox()
    unsafe PQsetNoticeReceiver(
      connection, { unsafe receiveNotice($0, $1) }, Unmanaged.passUnretained(notices).toOpaque())
  }

  deinit { unsafe PQfinish(connection) }

  /// The server's version, such as 150018.
  var serverVersion: Int { unsafe Int(PQserverVersion(connection)) }

  /// What to poll.
  var socket: ServerSocket { ServerSocket(descriptor: unsafe PQsocket(connection)) }

  /// The notices that came since the last call.
  func takeNotices() -> [Notice] {
    defer { notices.waiting = [] }
    return notices.waiting
  }

  /// Runs one or more statements and returns the last one's rows; some may have to wait for others' transactions.
  func query(_ sql: String, mayTakeLong: Bool = false) throws(StreamError) -> [[String?]] {
    let result = try unsafe execute(sql, within: mayTakeLong ? nil : timeLimit)
    defer { unsafe PQclear(result) }
    let status = unsafe PQresultStatus(result)
    guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else { throw unsafe failure(result) }
    let columns = unsafe PQnfields(result)
    return unsafe (0..<PQntuples(result)).map { row in
      (0..<columns).map { column in
        unsafe PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
      }
    }
  }

  /// Starts streaming in both directions.
  func startCopy(_ command: String) throws(StreamError) {
    let result = try unsafe execute(command, within: timeLimit)
    defer { unsafe PQclear(result) }
    guard unsafe PQresultStatus(result) == PGRES_COPY_BOTH else { throw unsafe failure(result) }
    _ = unsafe PQsetnonblocking(connection, 1)
  }

  /// The last result, as `PQexec` has it, but without waiting for ever.
  private func execute(_ sql: String, within limit: Duration?) throws(StreamError) -> OpaquePointer? {
    guard unsafe PQsendQuery(connection, sql) == 1 else { throw lost() }
    let deadline = limit.map { ContinuousClock.now + $0 }
    var last: OpaquePointer?
    var isBusy = true
    defer { if isBusy { unsafe PQclear(last) } }
    while isBusy {
      while unsafe PQisBusy(connection) == 1 {
        socket.wait(forWriting: false, milliseconds: 200)
        guard unsafe PQconsumeInput(connection) == 1 else { throw lost() }
        try checkPatience(until: deadline, limit ?? .zero)
      }
      let next = unsafe PQgetResult(connection)
      isBusy = unsafe next != nil && PQresultStatus(next) != PGRES_COPY_BOTH
      if unsafe next != nil {
        unsafe PQclear(last)
        unsafe last = next
      }
    }
    return unsafe last
  }

  private func checkPatience(until deadline: ContinuousClock.Instant?, _ limit: Duration) throws(StreamError) {
    if isCancelled() { throw StreamError(.unavailable, "stopped while waiting for the server", isRetryable: true) }
    guard let deadline, ContinuousClock.now >= deadline else { return }
    throw StreamError(
      .unavailable, "the server did not answer within the connect_timeout of \(limit.components.seconds) s",
      advice: "check host, port and network", isRetryable: true)
  }

  /// How `receive` ended.
  enum Supply: Equatable {
    case paused, ended
    /// Most of what the socket held has been read, if it held anything.
    case drained(isSilent: Bool)
  }

  /// Hands over every frame that has arrived, reading until a read comes back short. Where the receive window is small,
  /// an empty one has let the server send on meanwhile, so there the socket is looked at too.
  mutating func receive(
    isWindowSmall: Bool = false, _ visit: (RawSpan) -> FrameVerdict
  ) throws(StreamError) -> Supply {
    // A part of a large message is no frame yet, but no silence either.
    let isLooking = isEncrypted || isWindowSmall || isSilent
    isSilent = true
    var read: SocketRead?
    while true {
      var frame: UnsafeMutablePointer<CChar>?
      let count = unsafe PQgetCopyData(connection, &frame, 1)
      switch count {
      case 1...:
        read?.fresh += Int(count)
        isSilent = false
        let verdict = unsafe visit(UnsafeRawBufferPointer(start: frame, count: Int(count)).bytes)
        unsafe PQfreemem(frame)
        if verdict == .enough { return .paused }
      case 0:
        let waiting = isLooking ? socket.waitingBytes : nil
        if let waiting, waiting > 0 { isSilent = false }
        if let read, read.isEnough(left: waiting, isEncrypted: isEncrypted) { return .drained(isSilent: isSilent) }
        read = SocketRead(waiting: waiting)
        guard unsafe PQconsumeInput(connection) == 1 else { throw lost() }
      case -1:
        let result = unsafe PQgetResult(connection)
        defer { unsafe PQclear(result) }
        let status = unsafe PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_COPY_IN else { throw unsafe failure(result) }
        return .ended
      default: throw lost()
      }
    }
  }

  /// Sends a frame, as far as the socket takes it.
  mutating func send(_ frame: [UInt8]) throws(StreamError) {
    let accepted = unsafe frame.withUnsafeBytes {
      unsafe PQputCopyData(connection, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count))
    }
    guard accepted >= 0 else { throw lost() }
    try flush()
  }

  /// Sends what is waiting, as far as the socket takes it.
  mutating func flush() throws(StreamError) {
    switch unsafe PQflush(connection) {
    case 0: wantsWrite = false
    case 1: wantsWrite = true
    default: throw lost()
    }
  }

  /// Ends the copy and waits for the server to agree, for at most five seconds.
  mutating func finishCopy() throws(StreamError) {
    guard unsafe PQputCopyEnd(connection, nil) >= 0 else { throw lost() }
    let deadline = ContinuousClock.now + .seconds(5)
    while ContinuousClock.now < deadline {
      try flush()
      if try receive({ _ in .more }) == .ended { return }
      socket.wait(forWriting: wantsWrite, milliseconds: 100)
    }
  }

  private func waitForConnection() throws(StreamError) {
    let limit = Duration.seconds(unsafe Self.connectTimeout(connection))
    let deadline = ContinuousClock.now + limit
    while unsafe PQstatus(connection) != CONNECTION_BAD {
      switch unsafe PQconnectPoll(connection) {
      case PGRES_POLLING_OK: return
      case PGRES_POLLING_READING: socket.wait(forWriting: false, milliseconds: 200)
      case PGRES_POLLING_WRITING: socket.wait(forWriting: true, milliseconds: 200)
      default: break
      }
      try checkPatience(until: deadline, limit)
    }
    throw ServerErrors.connecting(errorMessage, needsPassword: unsafe PQconnectionNeedsPassword(connection) == 1)
  }

  private static func connectTimeout(_ connection: OpaquePointer) -> Int {
    let options = unsafe PQconninfo(connection)
    defer { unsafe PQconninfoFree(options) }
    var next = unsafe options
    while let option = unsafe next, let keyword = unsafe option.pointee.keyword {
      if unsafe String(cString: keyword) == "connect_timeout", let value = unsafe option.pointee.val,
        let seconds = unsafe Int(String(cString: value)), seconds > 0
      {
        return max(2, seconds)
      }
      unsafe next = option + 1
    }
    return 30
  }

  private var errorMessage: String { unsafe String(cString: PQerrorMessage(connection)) }

  private func lost() -> StreamError { ServerErrors.error(errorMessage, sqlState: nil) }

  private func failure(_ result: OpaquePointer?) -> StreamError {
    guard let code = unsafe PQresultErrorField(result, CInt(UInt8(ascii: "C"))) else { return lost() }
    let message = unsafe PQresultErrorField(result, CInt(UInt8(ascii: "M")))
    return unsafe ServerErrors.error(message.map { unsafe String(cString: $0) } ?? "", sqlState: String(cString: code))
  }

  /// Calls `body` with a null-terminated array of C strings.
  private static func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
  ) -> Result {
    let copies = unsafe strings.map { unsafe strdup($0) }
    defer { unsafe copies.forEach { unsafe free($0) } }
    let pointers = unsafe copies.map { unsafe UnsafePointer($0) } + [nil]
    return unsafe pointers.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("an array with a terminator is not empty") }
      return unsafe body(base)
    }
  }
}

/// Checking a connection string without connecting.
enum ConnectionString {
  /// Refuses what libpq cannot parse.
  static func check(_ text: String) throws(StreamError) {
    let isURI = text.hasPrefix("postgres://") || text.hasPrefix("postgresql://")
    guard isURI || text.contains("=") else { return }
    var message: UnsafeMutablePointer<CChar>?
    let options = unsafe PQconninfoParse(text, &message)
    if unsafe options != nil {
      unsafe PQconninfoFree(options)
      return
    }
    let words = unsafe message.map { unsafe String(cString: $0) } ?? ""
    unsafe PQfreemem(message)
    throw ServerErrors.malformedConnectionString(words)
  }
}

/// Collects notices while libpq is reading, on the thread that made it read.
private final class NoticeBox {
  var waiting: [Libpq.Notice] = []
}

private func receiveNotice(_ context: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {
  guard let context = unsafe context else { return }
  let box = unsafe Unmanaged<NoticeBox>.fromOpaque(context).takeUnretainedValue()
  let code = unsafe PQresultErrorField(result, CInt(UInt8(ascii: "C"))).map { unsafe String(cString: $0) }
  let message = unsafe PQresultErrorField(result, CInt(UInt8(ascii: "M"))).map { unsafe String(cString: $0) }
  // A server that floods us with notices gets only so many remembered.
  if box.waiting.count < 100 { box.waiting.append(Libpq.Notice(sqlState: code ?? "", message: message ?? "")) }
}
