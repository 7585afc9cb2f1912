// SPDX-License-Identifier: Apache-2.0

import Files
import IntegrationEvents
public import PostgresWire
import Synchronization

/// Dead letters in a file, a line of JSON each. Several processes may use it at once.
public final class DeadLetterFile: DeadLetterStore {
  private let path: String
  private let isCancelled: @Sendable () -> Bool
  private let onRepair: @Sendable (Wording) -> Void
  /// The file whose name is known to survive a crash of the machine.
  private let durable = Mutex<FileStatus?>(nil)
  /// Whether something has been removed whose room has not been given back.
  private let hasRoomToGive = Atomic(false)
  private let index = Mutex<LetterIndex?>(nil)
  private let ordered = Mutex<OrderedLetters?>(nil)

  /// Uses a file, which is made with mode 0600 when there is a first letter.
  ///
  /// - Parameters:
  ///   - path: where the file is.
  ///   - isCancelled: asked now and then while another process has the file: true gives up.
  ///   - onNotice: told what an operator should know of how the file was found.
  public init(
    path: String, isCancelled: @escaping @Sendable () -> Bool = { false },
    onNotice: @escaping @Sendable (Wording) -> Void = { _ in }
  ) {
    self.path = path
    self.isCancelled = isCancelled
    onRepair = { onNotice("\(path): \($0)") }
  }

  /// Whether the file, if it is there, holds letters; else whether it can be made.
  public func check() throws(Failure) {
    guard try isThere() else {
      _ = try inspect()
      return
    }
    try withLockedFile { (file) throws(LetterFileError) in try LetterLines.append([], to: file, onRepair: onRepair) }
  }

  /// Whether letters could be kept, as far as looking tells: nothing is made, mended or locked. False when there is no file yet.
  package func inspect() throws(Failure) -> Bool {
    do throws(SystemFailure) {
      if try FileStatus(path: path) == nil {
        try Directory.check(Directory.of(OwnFile.named.followed(path)))
        return false
      }
    } catch {
      throw failure(.system(error))
    }
    do throws(LetterFileError) {
      let file: OpenFile
      do throws(SystemFailure) { file = try OpenFile.updating(path, .named) } catch { throw .system(error) }
      try LetterLines.inspect(file)
    } catch {
      throw failure(error)
    }
    return true
  }

  /// Appends lines and makes them durable.
  public func append(_ letters: [DeadLetter]) throws(Failure) {
    try withLockedFile { (file) throws(LetterFileError) in
      let new = try withIndex(of: file) { (index) throws(LetterFileError) in
        var new: [DeadLetter] = []
        for letter in letters where try !index.has(letter) { new.append(letter) }
        return new
      }
      if !new.isEmpty { try LetterLines.append(new, to: file, onRepair: onRepair) }
    }
  }

  /// Looks and appends under one lock.
  public func appendBehindOthers(_ letter: DeadLetter) throws(Failure) -> Parking {
    var parking = Parking.free
    try withLockedFile { (file) throws(LetterFileError) in
      parking = try place(of: letter, in: file)
      if parking == .parked { try LetterLines.append([letter], to: file, onRepair: onRepair) }
    }
    return parking
  }

  private func place(of letter: DeadLetter, in file: borrowing OpenFile) throws(LetterFileError) -> Parking {
    for _ in 0..<2 {
      let parking = try withIndex(of: file) { (index) throws(LetterFileError) in try index.place(of: letter) }
      if let parking { return parking }
      // The letters that were known have gone; which of them are left shows a new look.
      index.withLock { $0 = nil }
    }
    return .free
  }

  private func withIndex<Result: Sendable>(
    of file: borrowing OpenFile, _ body: (LetterIndex) throws(LetterFileError) -> Result
  ) throws(LetterFileError) -> Result {
    try index.withLock { (known) throws(LetterFileError) in
      let index: LetterIndex
      if let same = known, try same.isOf(file) {
        index = same
      } else {
        index = LetterIndex(try LetterLines.open(path))
      }
      try index.catchUp()
      known = index
      return try body(index)
    }
  }

  /// Reads the file; a line that is no letter is an error, for it may be one.
  public func letters(
    matching query: LetterQuery, after mark: LetterMark?, limit: Int
  ) throws(Failure) -> LetterPage {
    guard try isThere() else { return LetterPage(letters: [], next: nil) }
    do throws(LetterFileError) {
      return try page(try LetterLines.open(path), query, mark, limit)
    } catch {
      throw failure(error)
    }
  }

  private func page(
    _ file: borrowing OpenFile, _ query: LetterQuery, _ mark: LetterMark?, _ limit: Int
  ) throws(LetterFileError) -> LetterPage {
    var places: OrderedLetters
    if let mark, let same = ordered.withLock({ $0 }), try same.serve(query, after: mark, in: file) {
      places = same
    } else {
      places = try OrderedLetters(file, matching: query, after: mark)
    }
    let page = try places.page(file, after: mark, letters: limit, bytes: Self.pageSize.bytes)
    let rest = page.next == nil ? nil : places
    ordered.withLock { $0 = rest }
    return page
  }

  /// Puts a blank in the place of each letter's first byte: that is done or not, however the machine fails.
  public func remove(_ letters: [DeadLetter]) throws(Failure) {
    if letters.isEmpty { return }
    guard try isThere() else { return }
    hasRoomToGive.store(true, ordering: .releasing)
    try withLockedFile { (file) throws(LetterFileError) in
      let offsets = try LetterLines.offsets(of: letters, in: file)
      do throws(SystemFailure) {
        let writable = try OpenFile.updating(path, .named)
        for offset in offsets { try writable.overwrite(offset, with: LetterLines.removed) }
        try writable.synchronize()
      } catch {
        throw .system(error)
      }
    }
  }

  /// Whether it can be opened for writing.
  public func checkRemoval() throws(Failure) {
    guard try isThere() else { return }
    do throws(SystemFailure) { _ = try OpenFile.updating(path, .named) } catch { throw failure(.system(error)) }
  }

  /// Writes the file anew without what was removed.
  public func tidy() throws(Failure) {
    guard hasRoomToGive.load(ordering: .acquiring) else { return }
    guard try isThere() else { return }
    try withLockedFile { (file) throws(LetterFileError) in
      try LetterLines.rewrite(file, as: path, onRepair: onRepair)
    }
    hasRoomToGive.store(false, ordering: .releasing)
  }

  /// How long another process may have the file before that is told.
  private static let patience: Duration = .seconds(5)

  /// Opens the file under its lock. Whoever waited for the lock may find that the file has been replaced meanwhile.
  private func withLockedFile(_ body: (borrowing OpenFile) throws(LetterFileError) -> Void) throws(Failure) {
    do throws(LetterFileError) {
      while true {
        let file = try open()
        var pause = Duration.milliseconds(1)
        let deadline = ContinuousClock.now + Self.patience
        while try !Self.lock(file) {
          guard !isCancelled() else { throw .stopped }
          guard .now < deadline else { throw .held }
          Wakeup.sleep(pause)
          pause = min(pause * 2, .milliseconds(50))
        }
        let named: FileStatus?
        do throws(SystemFailure) { named = try FileStatus(path: path) } catch { throw .system(error) }
        let status = try LetterLines.status(of: file)
        guard let named, status.isSameFile(as: named) else { continue }
        try makeNameDurable(status)
        return try body(file)
      }
    } catch {
      throw failure(error)
    }
  }

  private static func lock(_ file: borrowing OpenFile) throws(LetterFileError) -> Bool {
    do throws(SystemFailure) { return try file.lock() } catch { throw .system(error) }
  }

  private func open() throws(LetterFileError) -> OpenFile {
    do throws(SystemFailure) { return try OpenFile.appending(to: path, .named) } catch { throw .system(error) }
  }

  /// A file's name may be new, or have been made by somebody who died before it was durable. One that is empty may only look
  /// like the file of before, whose number it has.
  private func makeNameDurable(_ file: FileStatus) throws(LetterFileError) {
    if file.size > 0, durable.withLock({ $0?.isSameFile(as: file) }) == true { return }
    do throws(SystemFailure) { try OwnFile.named.synchronizeName(of: path) } catch { throw .system(error) }
    durable.withLock { $0 = file }
  }

  private func isThere() throws(Failure) -> Bool {
    do { return try FileStatus(path: path) != nil } catch { throw Failure(opening: path, error) }
  }

  private func failure(_ error: LetterFileError) -> Failure {
    switch error {
    case .system(let error):
      Failure(.letters, "dead letters in \(path): \(error.text)", advice: Failure.advice(opening: error))
    case .held:
      Failure(
        .outputHeld,
        "dead letters in \(path): another process has had the file for \(Self.patience.components.seconds) s",
        advice: "stop that one, or name another file")
    case .foreign:
      Failure(.letters, "\(path) holds something else than dead letters", advice: "name another file for them")
    case .unreadable(let offset):
      Failure(
        .letters, "\(path) has a line that is no dead letter, at byte \(offset)",
        advice: "somebody may have edited it: put it right or take it out, while nothing writes to the file")
    case .tooLong(let offset):
      Failure(
        .letters,
        "\(path) has a line that is longer than any dead letter (\(LetterLines.longest) bytes), at byte \(offset), or would have one",
        advice: "somebody may have put it there: take it out, while nothing writes to the file; or name another file")
    case .stopped: Failure(.connection, "stopped while another process had \(path)")
    }
  }
}
