// SPDX-License-Identifier: Apache-2.0

import CLibpq
import Files
import Glibc

/// Which server is meant.
extension ConnectionString {
  /// The same for two connection strings that lead to the same hosts and ports by the names they use: this machine has one
  /// name. Other names of one host are not known to be it; the server then says that the slot is in use.
  package static func server(of text: String) -> String {
    let found = found(in: parts(of: text).text)
    func value(_ keyword: String, _ variable: String) -> String { found[keyword] ?? Self.variable(variable) ?? "" }
    if let service = found["service"], found["host"] == nil { return "service \(service)" }
    let names = value("hostaddr", "PGHOSTADDR")
    let hosts = (names.isEmpty ? value("host", "PGHOST") : names).split(
      separator: ",", omittingEmptySubsequences: false)
    let ports = value("port", "PGPORT").split(separator: ",", omittingEmptySubsequences: false)
    return (hosts.isEmpty ? [""] : hosts).enumerated().map { index, host in
      let port = ports.count == 1 ? ports[0] : index < ports.count ? ports[index] : ""
      let isHere =
        host.isEmpty || host.hasPrefix("/") || host.hasPrefix("@")
        || ["localhost", "127.0.0.1", "::1"].contains(host.lowercased())
      return "\(isHere ? "here" : host.lowercased()):\(port.isEmpty ? "5432" : port)"
    }.joined(separator: ",")
  }

  /// The directories of the sockets that a connection string leads to: of two that differ, nobody knows that one server has both.
  /// Empty where it may lead elsewhere, or to a directory that libpq knows.
  package static func sockets(of text: String) -> String {
    let found = found(in: parts(of: text).text)
    guard found["service"] == nil, (found["hostaddr"] ?? variable("PGHOSTADDR") ?? "").isEmpty else { return "" }
    let hosts = (found["host"] ?? variable("PGHOST") ?? "").split(separator: ",", omittingEmptySubsequences: false)
    guard hosts.allSatisfy({ $0.hasPrefix("/") || $0.hasPrefix("@") }) else { return "" }
    return hosts.map { host in "\(FileIdentity(String(host)))" }.joined(separator: ",")
  }

  /// The same for two connection strings that lead to the same database of a server, as far as they say which.
  package static func database(of text: String) -> String {
    let text = parts(of: text).text
    let found = found(in: text)
    if let name = found["dbname"] { return name }
    if let service = found["service"] { return "service \(service)" }
    let isName = !text.isEmpty && !text.contains("=") && !text.contains("://")
    // Without a name, a database is called as whoever asks for it.
    return isName ? text : variable("PGDATABASE") ?? found["user"] ?? variable("PGUSER") ?? ""
  }

  private static func found(in text: String) -> [String: String] {
    guard let options = unsafe PQconninfoParse(text.contains("=") || text.contains("://") ? text : "", nil) else {
      return [:]
    }
    defer { unsafe PQconninfoFree(options) }
    return unsafe Dictionary(values(options)) { $1 }
  }

  private static func variable(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }
}
