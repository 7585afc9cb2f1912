// SPDX-License-Identifier: Apache-2.0

import CLibpq
import Glibc

/// Which server is meant.
extension ConnectionString {
  /// The same for two connection strings that lead to the same hosts and ports by the names they use: this machine has one
  /// name. Other names of one host are not known to be it; the server then says that the slot is in use.
  package static func server(of text: String) -> String {
    let text = parts(of: text).text
    var found: [String: String] = [:]
    if let options = unsafe PQconninfoParse(text.contains("=") || text.contains("://") ? text : "", nil) {
      defer { unsafe PQconninfoFree(options) }
      for (keyword, value) in unsafe values(options) { found[keyword] = value }
    }
    func value(_ keyword: String, _ variable: String) -> String {
      if let value = found[keyword] { return value }
      return unsafe getenv(variable).map { unsafe String(cString: $0) } ?? ""
    }
    if let service = found["service"], found["host"] == nil { return "service \(service)" }
    let names = value("hostaddr", "PGHOSTADDR")
    let hosts = (names.isEmpty ? value("host", "PGHOST") : names).split(
      separator: ",", omittingEmptySubsequences: false)
    let ports = value("port", "PGPORT").split(separator: ",", omittingEmptySubsequences: false)
    return (hosts.isEmpty ? [""] : hosts).enumerated().map { index, host in
      let port = ports.count == 1 ? ports[0] : index < ports.count ? ports[index] : ""
      let isHere = host.isEmpty || host.hasPrefix("/") || ["localhost", "127.0.0.1", "::1"].contains(host.lowercased())
      return "\(isHere ? "here" : host.lowercased()):\(port.isEmpty ? "5432" : port)"
    }.joined(separator: ",")
  }
}
