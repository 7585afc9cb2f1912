// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What the kernel knows about a process.
enum ProcessFacts {
  /// Processor time used so far, in hundredths of a second.
  static func processorTicks(_ pid: pid_t) throws -> Int {
    let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
    // Behind the name in parentheses; utime and stime are the fields 14 and 15.
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    return (Int(fields[12]) ?? 0) + (Int(fields[13]) ?? 0)
  }

  /// The most memory it has had so far, in kB.
  static func peakMemory(_ pid: pid_t) throws -> Int { try status("VmHWM:", of: pid) }

  /// The memory it has now, in kB.
  static func memory(_ pid: pid_t) throws -> Int { try status("VmRSS:", of: pid) }

  /// The processes that it has started and that are still there.
  static func children(_ pid: pid_t) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
      guard let other = pid_t(name), let text = try? String(contentsOfFile: "/proc/\(other)/stat", encoding: .utf8)
      else { return false }
      // Behind the name in parentheses: state, parent.
      return text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ").dropFirst(2).first == "\(pid)"
    }
  }

  private static func status(_ name: String, of pid: pid_t) throws -> Int {
    let text = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? .max
  }
}
