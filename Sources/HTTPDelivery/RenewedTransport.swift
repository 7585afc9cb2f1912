// SPDX-License-Identifier: Apache-2.0

import Files
import NIOSSL
import PostgresWire
import Synchronization

/// The transport of now: it is made anew when the files of its certificates have changed, which matters when the receiver
/// does not want those of before, and when nothing comes through any more.
final class RenewedTransport: Sendable {
  private struct State {
    var transport: HTTPTransport
    var tls: TLSConfiguration
    /// As they were when they were read; nil for one that is not there.
    var files: [FileStatus?]
    /// Why they cannot be read anew.
    var problem: CertificateProblem?
  }

  private let configuration: HTTPConfiguration
  private let address: HTTPAddress
  private let proxy: HTTPAddress?
  private let state: Mutex<State>

  init(_ configuration: HTTPConfiguration, _ address: HTTPAddress) throws(Failure) {
    self.configuration = configuration
    self.address = address
    let proxy = try configuration.proxy.proxy(before: address)
    self.proxy = proxy
    let files = Self.files(configuration)
    let tls: TLSConfiguration
    do { tls = try TLSConfiguration(configuration, patience: 10_000) } catch { throw error.failure }
    state = Mutex(State(transport: HTTPTransport(configuration, address, through: proxy, tls), tls: tls, files: files))
  }

  /// Requests that are under way go on with the one before, which closes its connections behind the last of them.
  var current: HTTPTransport {
    state.withLock { state in
      if state.problem != nil { _ = look(&state) }
      if state.transport.isStale { state.transport = HTTPTransport(configuration, address, through: proxy, state.tls) }
      return state.transport
    }
  }

  /// What to add to a trouble: that a proxy stands between, which is not of the address that was given.
  var way: String { proxy.map { " (through the proxy \($0.host), port \($0.port))" } ?? "" }

  /// What is wrong with which file since it has changed.
  var complaints: [String: String] {
    state.withLock { state in state.problem.map { [$0.subject: $0.what] } ?? [:] }
  }

  /// Whether another attempt may fare better than one by a transport did, because there is a newer one now, or will be.
  func renew(_ used: HTTPTransport) -> Bool {
    state.withLock { state in
      guard state.transport === used else { return true }
      return look(&state)
    }
  }

  /// Whether the files are others than were read. While only one of two has been replaced they do not fit: what was before is
  /// used, and the next attempt looks again.
  private func look(_ state: inout State) -> Bool {
    let files = Self.files(configuration)
    let isSame = zip(files, state.files).allSatisfy { new, old in
      guard let new, let old else { return new == nil && old == nil }
      return new.isUnchanged(since: old)
    }
    guard !isSame else {
      state.problem = nil
      return false
    }
    do throws(CertificateProblem) {
      state.tls = try TLSConfiguration(configuration, patience: 0)
      state.transport = HTTPTransport(configuration, address, through: proxy, state.tls)
      state.files = files
      state.problem = nil
    } catch {
      state.problem = error
    }
    return true
  }

  /// Closes the connections; requests that are under way fail.
  func close() { state.withLock(\.transport).close() }

  private static func files(_ configuration: HTTPConfiguration) -> [FileStatus?] {
    [configuration.authorityFile, configuration.clientCertificate?.certificate, configuration.clientCertificate?.key]
      .compactMap(\.self).map { (try? FileStatus(path: $0)) ?? nil }
  }
}
