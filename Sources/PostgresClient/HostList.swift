// SPDX-License-Identifier: Apache-2.0

import CLibpq
import Glibc
import PostgresWire

/// Which host of a connection string is being tried, and which are left when one says nothing.
///
/// libpq goes on to the next address by itself when one refuses, but not when one is silent, unless it may block. So each
/// address gets the whole time for connecting, and whoever has said nothing in it is left out of the next attempt.
struct HostList {
  /// A host as libpq's options name it: name or directory, address and port, each of which may be empty.
  struct Host: Hashable {
    var name: String
    var address: String
    var port: String
  }

  private(set) var hosts: [Host]

  /// Takes the hosts of an attempt that has begun.
  init(_ connection: OpaquePointer) {
    let names = Self.items(unsafe Connection.option("host", of: connection))
    let addresses = Self.items(unsafe Connection.option("hostaddr", of: connection))
    let ports = Self.items(unsafe Connection.option("port", of: connection))
    let count = max(names.count, addresses.count, 1)
    hosts = (0..<count).map { index in
      // One port stands for all.
      let port = ports.count == 1 ? ports[0] : index < ports.count ? ports[index] : ""
      return Host(
        name: index < names.count ? names[index] : "", address: index < addresses.count ? addresses[index] : "",
        port: port)
    }
  }

  /// The options that name them.
  var parameters: [(String, String)] {
    var parameters = [
      ("host", hosts.map(\.name).joined(separator: ",")), ("port", hosts.map(\.port).joined(separator: ",")),
    ]
    if hosts.contains(where: { !$0.address.isEmpty }) {
      parameters.append(("hostaddr", hosts.map(\.address).joined(separator: ",")))
    }
    return parameters
  }

  /// Whether there is anybody but the one that has said nothing; leaves that one out. Of a name with several addresses the
  /// others stay.
  mutating func leaveOut(_ silent: Host) -> Bool {
    hosts = hosts.flatMap { host -> [Host] in
      guard host.name == silent.name, host.port == silent.port || host.port.isEmpty else { return [host] }
      if !host.address.isEmpty { return host.address == silent.address ? [] : [host] }
      return Self.addresses(of: host.name).filter { $0 != silent.address }
        .map { Host(name: host.name, address: $0, port: host.port) }
    }
    return !hosts.isEmpty
  }

  /// The one that is being tried now.
  static func current(_ connection: OpaquePointer) -> Host {
    func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
      unsafe pointer.map { unsafe String(cString: $0) } ?? ""
    }
    return unsafe Host(
      name: text(PQhost(connection)), address: text(PQhostaddr(connection)), port: text(PQport(connection)))
  }

  private static func items(_ list: String?) -> [String] {
    guard let list, !list.isEmpty else { return [] }
    return list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  /// The addresses of a name, as the system knows them; none for a directory of sockets.
  private static func addresses(of name: String) -> [String] {
    guard !name.hasPrefix("/"), !name.hasPrefix("@") else { return [] }
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(name, nil, &hints, &found) == 0 else { return [] }
    defer { unsafe freeaddrinfo(found) }
    var addresses: [String] = []
    var next = unsafe found
    while let entry = unsafe next {
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let result = unsafe getnameinfo(
        entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
      let digits = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      if result == 0 { addresses.append(String(decoding: digits, as: UTF8.self)) }
      unsafe next = entry.pointee.ai_next
    }
    return addresses
  }
}
