// SPDX-License-Identifier: Apache-2.0

import Files

/// Where rows of transactions in progress lie that are too many for the memory: one file without a name for all of them, so that
/// any number of transactions takes one descriptor. It has blocks that go from one to another, the foremost first; what nobody has
/// any more at its end is cut off, and with the last of them the file is closed.
final class SpoolFile {
  static let blockSize: Int64 = 64 * 1024

  /// Where the file is made.
  let directory: String
  private var file: OpenFile?
  /// How many blocks the file has.
  private var count = 0
  /// Those that nobody has, the foremost last.
  private var free: [Int] = []

  init(in directory: String) {
    self.directory = directory
  }

  fileprivate func takeBlock() throws(SystemFailure) -> Int {
    if file == nil { file = try OpenFile(unnamedIn: directory) }
    if let block = free.popLast() { return block }
    defer { count += 1 }
    return count
  }

  fileprivate func giveBack(_ blocks: [Int]) {
    guard !blocks.isEmpty else { return }
    guard free.count + blocks.count < count else {
      file = nil
      (free, count) = ([], 0)
      return
    }
    free += blocks
    free.sort(by: >)
    let unused = free.enumerated().prefix { place, block in block == count - 1 - place }.count
    guard unused > 0 else { return }
    free.removeFirst(unused)
    count -= unused
    // Where it cannot be cut, it is as long as it was.
    try? file?.truncate(to: Int64(count) * Self.blockSize)
  }

  fileprivate func write(_ bytes: [UInt8], _ range: Range<Int>, at offset: Int64) throws(SystemFailure) {
    try file?.write(bytes, range, at: offset)
  }

  fileprivate func append(_ range: Range<Int64>, to bytes: inout [UInt8]) throws(SystemFailure) {
    try file?.append(range, to: &bytes)
  }

  /// Blocks that lie one behind another.
  fileprivate static func runs(_ blocks: ArraySlice<Int>) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    for block in blocks {
      if let last = runs.last, last.upperBound == block {
        runs[runs.count - 1] = last.lowerBound..<(block + 1)
      } else {
        runs.append(block..<(block + 1))
      }
    }
    return runs
  }
}

/// One transaction's bytes in the file.
final class SpooledBytes {
  private let file: SpoolFile
  private var blocks: [Int] = []
  /// How many there are.
  private(set) var size: Int64 = 0

  init(in file: SpoolFile) {
    self.file = file
  }

  deinit { file.giveBack(blocks) }

  /// Adds bytes at the end.
  func write(_ bytes: [UInt8]) throws(SystemFailure) {
    let end = size + Int64(bytes.count)
    while Int64(blocks.count) * SpoolFile.blockSize < end { blocks.append(try file.takeBlock()) }
    var next = 0
    for place in places(of: size..<end) {
      try file.write(bytes, next..<(next + place.count), at: place.lowerBound)
      next += place.count
    }
    size = end
  }

  /// Appends a range of them to others.
  func append(_ range: Range<Int64>, to bytes: inout [UInt8]) throws(SystemFailure) {
    for place in places(of: range) { try file.append(place, to: &bytes) }
  }

  /// Where a range that is not empty lies in the file, in as few pieces as it has.
  private func places(of range: Range<Int64>) -> [Range<Int64>] {
    let size = SpoolFile.blockSize
    guard !range.isEmpty else { return [] }
    let (first, last) = (Int(range.lowerBound / size), Int((range.upperBound - 1) / size))
    var start = range.lowerBound
    return SpoolFile.runs(blocks[first...last]).map { run in
      let offset = Int64(run.lowerBound) * size + start % size
      let end = min(offset + range.upperBound - start, Int64(run.upperBound) * size)
      start += end - offset
      return offset..<end
    }
  }
}
