// SPDX-License-Identifier: Apache-2.0

import HTTPDelivery
import PostgresWire

/// Where a service is spoken to, and in the name of which region.
struct ServiceEndpoint: Hashable, Sendable {
  let service: AWSAddress.Service
  let region: String
  /// With a slash at its end.
  let url: String
  let address: HTTPAddress
  /// As requests name it: small letters, and no port that goes without saying.
  let host: String
  /// As signatures have it.
  let path: String

  /// The endpoint of a queue or a topic.
  init(of place: AWSAddress, _ configuration: AWSConfiguration, _ profile: ProfileFiles? = nil, region other: String?)
    throws(Failure)
  {
    guard let region = place.region ?? other else {
      throw Failure(
        .settings, "the address of \(place.place) does not tell its region",
        advice: "set AWS_REGION, or write region = … into the profile")
    }
    let given = Self.given(place.service, configuration, profile)
    let url = given?.url ?? place.queue.map { Self.root(of: $0.url) }
    try self.init(place.service, region, partition: place.partition, url, given?.name, configuration)
  }

  /// Another service for the same region.
  init(
    _ service: AWSAddress.Service, beside place: AWSAddress, region: String, _ configuration: AWSConfiguration,
    _ profile: ProfileFiles? = nil
  ) throws(Failure) {
    let given = Self.given(service, configuration, profile)
    try self.init(service, region, partition: place.partition, given?.url, given?.name, configuration)
  }

  private init(
    _ service: AWSAddress.Service, _ region: String, partition: String, _ given: String?, _ name: String?,
    _ configuration: AWSConfiguration
  ) throws(Failure) {
    guard AWSAddress.isPlain(region) else {
      throw Failure(.settings, "the region that AWS_REGION or the profile names is none")
    }
    guard let url = given ?? Self.usual(service, region, partition) else {
      throw Failure(
        .settings, "where \(service.rawValue) of \(region) is spoken to is not known",
        advice: "set AWS_ENDPOINT_URL_\(service.rawValue.uppercased())")
    }
    do { address = try HTTPAddress(url) } catch {
      throw Failure(.settings, "\(name ?? "the address of \(service.rawValue)"): \(error)")
    }
    guard address.user == nil, !address.url.contains("?") else {
      throw Failure(.settings, "\(name ?? "the address of \(service.rawValue)") has a user or a ? in it")
    }
    guard address.isSecure || address.isLoopback || configuration.allowsPlain else {
      let what = service == .sts ? "the token that proves who we are" : "events"
      guard let name else {
        throw .setting("sink", "\(what) would travel in the clear; use https://, or \(setting: "allow-plain-aws")")
      }
      throw Failure(
        .settings, "\(name) names another host by http://: \(what) would travel in the clear",
        advice: "use https://, or \(setting: "allow-plain-aws")")
    }
    self.url = address.url.hasSuffix("/") ? address.url : address.url + "/"
    (self.service, self.region) = (service, region)
    let authority = Self.authority(of: self.url)
    path = String(self.url[authority.endIndex...])
    let host = address.host.contains(":") ? "[\(address.host)]" : address.host.lowercased()
    self.host = address.port == (address.isSecure ? 443 : 80) ? host : "\(host):\(address.port)"
  }

  /// What the environment says, or else the profile, and where. Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
  private static func given(_ service: AWSAddress.Service, _ configuration: AWSConfiguration, _ profile: ProfileFiles?)
    -> (
      name: String, url: String
    )?
  {
    if configuration.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?.lowercased() == "true" { return nil }
    for name in ["AWS_ENDPOINT_URL_\(service.rawValue.uppercased())", "AWS_ENDPOINT_URL"] {
      if let url = configuration.variable(name) { return (name, url) }
    }
    guard let profile, profile.current["ignore_configured_endpoint_urls"]?.lowercased() != "true" else { return nil }
    for key in [ProfileFiles.endpoint(of: service.rawValue), "endpoint_url"] {
      if let url = profile.current[key] { return ("endpoint_url of the profile \(profile.name)", url) }
    }
    return nil
  }

  /// Source: AWS General Reference, "Service endpoints and quotas"; the partitions whose names are public.
  private static func usual(_ service: AWSAddress.Service, _ region: String, _ partition: String) -> String? {
    switch partition {
    case "aws", "aws-us-gov": "https://\(service.rawValue).\(region).amazonaws.com"
    case "aws-cn": "https://\(service.rawValue).\(region).amazonaws.com.cn"
    default: nil
    }
  }

  private static func root(of url: String) -> String { String(url[..<authority(of: url).endIndex]) }

  private static func authority(of url: String) -> Substring {
    let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
    return url[start...].prefix { $0 != "/" }
  }
}
