// SPDX-License-Identifier: Apache-2.0

import Delivery
import Files
import Glibc
package import IntegrationEvents
package import PostgresWire

/// An output file as somebody finds it who only looks: nothing is made, mended or kept locked.
package struct FileInspection: Sendable {
  /// What is wrong with it, by the code that opens it for a stream; nil for nothing.
  package private(set) var failure: Failure?
  /// What would be mended; nil for nothing.
  package private(set) var repair: Wording?
  /// The process that writes to it, where the system tells.
  package private(set) var holder: Int32?
  /// Whether another process writes to it.
  package private(set) var isHeld = false
  /// How long it is; nil when there is none.
  package private(set) var size: Int64?
  /// Up to where its events were confirmed; nil when nobody knows.
  package private(set) var confirmed: LSN?
  /// How far the rows have come that were there before the slot; nil when nobody knows.
  package private(set) var initialRows: InitialRows?
  /// The newest event in it.
  package private(set) var last: EventPosition?

  /// Looks.
  ///
  /// - Parameter stream: whose events it is to hold; nil where nobody could tell.
  package init(_ configuration: FileSink.Configuration, of stream: StreamIdentity?) {
    do throws(Failure) { try look(configuration, stream) } catch { failure = error }
  }

  private mutating func look(
    _ configuration: FileSink.Configuration, _ stream: StreamIdentity?
  ) throws(Failure) {
    let path = configuration.path
    do throws(SystemFailure) {
      guard let status = try FileStatus(path: path) else {
        // It is made where its links lead.
        let place = try OwnFile.output.followed(path)
        if place != path { try Directory.check(Directory.of(place)) }
        return
      }
      guard !status.isDirectory else { throw SystemFailure(number: EISDIR) }
      size = status.size
      guard status.isRegular else { return }
      let file = try OpenFile.updating(path, .output)
      if try !file.lock() {
        (isHeld, holder) = (true, FileLocks.holder(of: status))
        // What is replaced whole can be read beside whoever writes it.
        if let stream {
          let state = try? FoundFile.foundState(
            path, origin: StreamOrigin(stream), isEmpty: status.size == 0, synchronizing: false)
          initialRows = state?.initialRows
        }
      } else if let stream {
        try read(file, configuration, StreamOrigin(stream), status)
      }
    } catch {
      throw Failure(opening: path, error)
    }
    if isHeld { throw FoundFile.held(path) }
  }

  private mutating func read(
    _ file: borrowing OpenFile, _ configuration: FileSink.Configuration, _ origin: StreamOrigin, _ status: FileStatus
  ) throws(SystemFailure) {
    do throws(Failure) {
      let path = configuration.path
      let state = try FoundFile.foundState(path, origin: origin, isEmpty: status.size == 0, synchronizing: false)
      guard let state else { return }
      (confirmed, initialRows) = (state.confirmed?.lsn, state.initialRows)
      let content = try FoundFile.Content(file, state, configuration)
      (repair, last) = (content.repair(path), content.last)
    } catch {
      failure = error
    }
  }
}
