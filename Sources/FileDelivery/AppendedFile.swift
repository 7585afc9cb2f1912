import Delivery
import Files
import Glibc
import PostgresWire

/// A file to which whole lines are appended, by us alone from the first to the last: how long it is, and how much is durable.
/// Of a device or a pipe nothing of that is known.
struct AppendedFile: ~Copyable {
  let file: OpenFile
  /// What it is called in messages.
  private let name: String
  /// How long the file is; everything up to here is whole lines.
  private(set) var size: Int64
  /// How much of it is known to survive a crash of the machine.
  private var durableSize: Int64
  /// One that never had a name cannot lose it.
  private let hasName: Bool

  /// - Parameter size: how long the file is now.
  init(_ file: consuming OpenFile, _ name: String, size: Int64, hasName: Bool = true) {
    (self.name, self.size, durableSize, self.hasName) = (name, size, size, hasName)
    self.file = file
  }

  /// Appends whole lines. What cannot be written whole is taken back.
  mutating func write(_ bytes: [UInt8], _ range: Range<Int>) throws(Failure) {
    var rest = range
    do throws(SystemFailure) {
      try file.write(bytes, rest: &rest)
      size += Int64(range.count)
    } catch {
      throw failure(error, keeping: size, of: size + Int64(range.count - rest.count))
    }
  }

  /// Makes everything appended so far durable, unless that is not wanted, and sees whether it is still there.
  mutating func commit(synchronizing: Bool) throws(Failure) {
    guard file.isRegular else { return }
    if synchronizing {
      do { try file.synchronize() } catch {
        // After a failed sync the system takes what it could not write for written: nobody would ever know.
        throw failure(error, keeping: durableSize, of: size)
      }
    }
    do throws(SystemFailure) {
      let status = try file.status()
      guard status.linkCount > 0 || !hasName else { throw .deleted }
      guard status.size == size else { throw status.size < size ? .cut : .shared }
    } catch {
      throw Failure(writing: name, error)
    }
    durableSize = size
  }

  /// What a failure is told as, after the file has been cut back to a length.
  ///
  /// - Parameter expected: how long it is where nobody else writes to it, whose lines are not ours to cut.
  private func failure(_ error: SystemFailure, keeping length: Int64, of expected: Int64) -> Failure {
    var failure = Failure(writing: name, error)
    guard file.isRegular else { return failure }
    do throws(SystemFailure) {
      let found = try file.status().size
      guard found <= expected else { throw .shared }
      if found > length {
        try file.truncate(to: length)
        try file.synchronize()
      }
    } catch {
      failure.what =
        "\(failure.what); nor can it be cut back to \(length) bytes, so what is behind them may be half a line or not durable: \(error.text)"
    }
    return failure
  }
}

extension SystemFailure {
  fileprivate static let deleted = SystemFailure(
    number: ENOENT, words: "it was deleted while it was written to, and what was in it is gone")
  fileprivate static let shared = SystemFailure(
    number: EBUSY, words: "somebody else writes to it too, so it is not known what stands where")
  fileprivate static let cut = SystemFailure(
    number: EIO, words: "somebody has cut it while it was written to, as logrotate does with copytruncate")
}
