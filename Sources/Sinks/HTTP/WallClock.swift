import Glibc

/// The time of day, for what leaves the program; intervals are measured otherwise.
enum WallClock {
  /// Seconds since 1970.
  static var unixSeconds: Int64 { Int64(time(nil)) }
}
