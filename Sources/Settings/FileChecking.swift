// SPDX-License-Identifier: Apache-2.0

import FileDelivery
import Files
import Octets
import Operations
import PostgresWire

/// An output file.
struct FileChecking {
  let path: String
  let inspection: FileInspection

  var checks: [Check] { [directoryCheck, spaceCheck, fileCheck] }

  private var directory: String { Directory.of(path) }

  private var directoryCheck: Check {
    do throws(SystemFailure) { try Directory.check(directory) } catch {
      return Check(
        .sinkDirectory, .failure, "\(directory) cannot be written to: \(error.text)",
        means: "no file can be made there",
        todo: ["make the directory, writable for the relay"])
    }
    let system = try? FileSystem(of: directory)
    let found: Wording = "\(directory) can be written to\(system.map { ", on \($0.kind)" } ?? "")"
    if system?.isVolatile == true {
      return Check(
        .sinkDirectory, .warning, found,
        means: "what is in it is gone when the machine restarts, though it was confirmed",
        todo: ["name a file on a disk, if events have to survive that"])
    }
    if system?.isRemote == true {
      return Check(
        .sinkDirectory, .warning, found, means: "locks and syncs may not hold as on a disk of this machine",
        todo: ["name a file on a disk of this machine, if it may be one"])
    }
    return Check(.sinkDirectory, .ok, found, means: "files can be made there")
  }

  /// A batch and a state have to go in.
  private static let least: Int64 = 256 << 10

  private var spaceCheck: Check {
    let system: FileSystem
    do throws(SystemFailure) { system = try FileSystem(of: directory) } catch {
      return Check(
        .sinkSpace, .unknown, "\(directory) cannot be looked at: \(error.text)",
        means: "whether there is room is not known")
    }
    let share = system.size > 0 ? Double(system.available) / Double(system.size) : 1
    let found: Wording =
      "\(ByteCount(system.available)) of \(ByteCount(system.size)) are free for \(directory)"
    let todo: [Wording] = ["make room on the file system of \(directory)"]
    if system.availableFiles == 0 {
      return Check(
        .sinkSpace, .failure, "no further file can be made on the file system of \(directory)",
        means: "its state cannot be replaced, and the stream ends", todo: todo)
    }
    if system.available < Self.least || share < 0.02 && system.available < 256 << 20 {
      return Check(
        .sinkSpace, .failure, found, means: "the disk is almost full: writing will fail, and the stream ends",
        todo: todo)
    }
    if share < 0.1 && system.available < 5 << 30 {
      return Check(.sinkSpace, .warning, found, means: "the disk will be full soon", todo: todo)
    }
    return Check(.sinkSpace, .ok, found, means: "there is room for events")
  }

  private var fileCheck: Check {
    if let failure = inspection.failure {
      guard inspection.isHeld else {
        return Check(.sinkFile, failure, means: "a stream would not write to it, nor change it")
      }
      let who: Wording = inspection.holder.map { ", PID \($0) of this machine" } ?? ""
      return Check(
        .sinkFile, .warning, "\(path) is being written to by another process" + who,
        means: "a relay of this file runs; another one would end with an error",
        todo: ["if it is not the one that is meant to run, stop that process"])
    }
    if let repair = inspection.repair {
      return Check(.sinkFile, .ok, repair, means: "a stream mends that when it starts")
    }
    guard let size = inspection.size else {
      return Check(.sinkFile, .ok, "there is no \(path) yet", means: "it will be made")
    }
    return Check(.sinkFile, .ok, "\(path) has \(ByteCount(size))", means: "a stream goes on behind its end")
  }
}
