// SPDX-License-Identifier: Apache-2.0

import Delivery
import Files
import IntegrationEvents
import Octets
import OutboxMapping
import PostgresWire

/// Reads a committed transaction's rows back, in order and without those that were rolled back, a piece at a time.
struct SpoolReader {
  /// What became of a row.
  enum Row {
    /// An event, whose line lies in `window`.
    case event(EncodedEvent)
    /// One that must not leave, and why; its line lies in `window`.
    case refused(EncodedEvent, ForeignText)
    /// A row that could not become one.
    case badRow(BadRow)
  }

  /// How much is read at a time.
  private static let pieceSize: Int64 = 128 * 1024

  private let transaction: SpooledTransaction
  /// What has been read and not been left behind.
  private(set) var window: [UInt8] = []
  /// What is noted beside the last event, in `window`.
  private(set) var attributes: [EncodedAttribute] = []
  private var next = 0
  private var fileOffset: Int64 = 0
  private var hasTail = false
  /// The place of the last row among those that are left.
  private(set) var ordinal: UInt64 = 0

  init(_ transaction: SpooledTransaction) {
    transaction.endRun()
    self.transaction = transaction
  }

  /// The next row that is of interest; nil at the end. An error of the transaction itself comes in its place.
  mutating func nextRow() throws(Failure) -> Row? {
    while try fill(SpoolRecord.headSize) {
      let record = try head()
      guard try fill(SpoolRecord.headSize + record.size) else { throw Self.broken }
      let content = (next + SpoolRecord.headSize)..<(next + SpoolRecord.headSize + record.size)
      next = content.upperBound
      if transaction.aborted.contains(record.subtransaction) { continue }
      ordinal += record.rows
      switch record.kind {
      case .rows: continue
      case .event:
        do {
          let (event, noted) = try SpooledEvent.read(window, content)
          attributes = noted
          return .event(event)
        } catch {
          throw Self.broken
        }
      case .refused:
        do {
          var bytes = unsafe window.span.bytes.extracting(content)
          let reason = try ForeignText(from: &bytes)
          let (event, noted) = try SpooledEvent.read(
            window, (content.upperBound - bytes.byteCount)..<content.upperBound)
          attributes = noted
          return .refused(event, reason)
        } catch {
          throw Self.broken
        }
      case .badRow:
        do { return .badRow(try BadRow(spooled: unsafe window.span.bytes.extracting(content))) } catch {
          throw Self.broken
        }
      case .failure:
        guard let failure = transaction.failures[record.subtransaction] else { throw Self.broken }
        throw failure
      }
    }
    guard next == window.count else { throw Self.broken }
    return nil
  }

  /// The row of an event that lies in `window`; nil for a message's.
  func row(_ event: EncodedEvent) -> DeliveredRow? {
    guard event.outbox > 0 else { return nil }
    var id: [UInt8] = []
    _ = unsafe id.appendUnescaped(window.span.bytes, event.id)
    return DeliveredRow(outbox: Int(event.outbox), id: String(decoding: id, as: UTF8.self))
  }

  private func head() throws(Failure) -> SpoolRecord {
    do {
      return try SpoolRecord(head: unsafe window.span.bytes.extracting(next..<(next + SpoolRecord.headSize)))
    } catch {
      throw Self.broken
    }
  }

  /// Makes `count` bytes available from `next` on; false when there are fewer.
  private mutating func fill(_ count: Int) throws(Failure) -> Bool {
    while window.count - next < count {
      if next > 0 {
        window.removeSubrange(..<next)
        next = 0
      }
      if fileOffset < transaction.fileSize {
        let end = min(transaction.fileSize, fileOffset + max(Self.pieceSize, Int64(count)))
        let before = window.count
        do { try transaction.append(fileOffset..<end, to: &window) } catch {
          throw Failure(.spool, "spool of transactions in progress: cannot read: \(error.text)")
        }
        guard window.count > before else { throw Self.broken }
        fileOffset += Int64(window.count - before)
      } else if !hasTail {
        hasTail = true
        window.append(contentsOf: transaction.tail)
      } else {
        return false
      }
    }
    return true
  }

  private static var broken: Failure {
    Failure(.spool, "spool of transactions in progress: what was written cannot be read back")
  }
}
