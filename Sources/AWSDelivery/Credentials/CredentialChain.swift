// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// Where credentials come from: the first place that has any, in the order of AWS's own programs.
///
/// Source: AWS SDKs and Tools Reference Guide, "Standardized credential providers".
enum CredentialChain: Sendable {
  /// As they are in the environment.
  case fixed(AWSCredentials)
  /// A token of somebody who vouches for us, for a role.
  case webIdentity(WebIdentity)
  /// Keys in a profile.
  case profile(ProfileFiles)
  /// What a container is given.
  case container(ContainerCredentials)
  /// What a machine of EC2 is given.
  case instance(InstanceMetadata)

  /// Finds the place. Nothing is asked yet.
  ///
  /// - Parameters:
  ///   - configuration: what the environment says.
  ///   - profile: the profile that counts; nil where there are no files.
  ///   - security: where STS is spoken to.
  init(
    _ configuration: AWSConfiguration, _ profile: ProfileFiles?, security: () throws(Failure) -> ServiceEndpoint
  ) throws(Failure) {
    if let keys = try Self.keys(
      configuration.variable("AWS_ACCESS_KEY_ID"), configuration.variable("AWS_SECRET_ACCESS_KEY"),
      configuration.variable("AWS_SESSION_TOKEN"), of: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    {
      self = .fixed(keys)
      return
    }
    let session = configuration.variable("AWS_ROLE_SESSION_NAME")
    if let file = configuration.variable("AWS_WEB_IDENTITY_TOKEN_FILE") {
      guard let role = configuration.variable("AWS_ROLE_ARN") else {
        throw Failure(
          .credentials, "AWS_WEB_IDENTITY_TOKEN_FILE needs AWS_ROLE_ARN", advice: "name the role that it stands for")
      }
      self = .webIdentity(try WebIdentity(configuration, tokenFile: file, role: role, session: session, try security()))
      return
    }
    if let profile, let found = try Self.inProfile(profile, configuration, security) {
      self = found
      return
    }
    if let container = try ContainerCredentials(configuration) {
      self = .container(container)
      return
    }
    guard configuration.variable("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true" else {
      throw Failure(
        .credentials,
        """
        there are no credentials of AWS: neither in the environment, nor in a profile, nor of a container\
        \(profile?.absence.map { "; \($0)" } ?? "")
        """,
        advice: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
    }
    self = .instance(try InstanceMetadata(configuration, absence: profile?.absence))
  }

  /// What a profile has; nil where it has no credentials.
  private static func inProfile(
    _ profile: ProfileFiles, _ configuration: AWSConfiguration, _ security: () throws(Failure) -> ServiceEndpoint
  ) throws(Failure) -> CredentialChain? {
    let found = profile.current
    if let role = found["role_arn"] {
      guard let file = found["web_identity_token_file"] else {
        throw refusal(profile, "takes a role by other credentials (source_profile, credential_source)")
      }
      let identity = try WebIdentity(
        configuration, tokenFile: file, role: role, session: found["role_session_name"], try security())
      return .webIdentity(identity)
    }
    if try keys(in: found, profile) != nil { return .profile(profile) }
    if found.keys.contains(where: { $0.hasPrefix("sso_") }) { throw refusal(profile, "wants a login (sso_…)") }
    if found["login_session"] != nil { throw refusal(profile, "wants a login (login_session)") }
    if found["credential_process"] != nil { throw refusal(profile, "runs a program (credential_process)") }
    return nil
  }

  private static func refusal(_ profile: ProfileFiles, _ what: String) -> Failure {
    Failure(
      .credentials,
      "the profile \(profile.name) in \(profile.configPath ?? profile.paths) \(what), which is not done here",
      advice:
        "give keys, which aws configure export-credentials prints; or let the service have a role of its own"
    )
  }

  /// The keys in a profile; nil where it has none.
  static func keys(in found: ProfileFiles.Profile, _ profile: ProfileFiles) throws(Failure) -> AWSCredentials? {
    try keys(
      found["aws_access_key_id"], found["aws_secret_access_key"], found["aws_session_token"],
      of: "aws_access_key_id and aws_secret_access_key of the profile \(profile.name)")
  }

  private static func keys(
    _ access: String?, _ secret: String?, _ token: String?, of names: String
  ) throws(Failure) -> AWSCredentials? {
    guard access != nil || secret != nil else { return nil }
    guard let access, let secret else { throw Failure(.credentials, "\(names) go together", advice: "give both") }
    let keys = AWSCredentials(accessKey: access, secretKey: secret, sessionToken: token)
    guard keys.areWritable else {
      throw Failure(
        .credentials, "\(names), or the session's token, have what no key has", advice: "give them as they are")
    }
    return keys
  }

  /// Asks for them. Those that end have an end.
  func credentials() async throws(CredentialTrouble) -> AWSCredentials {
    switch self {
    case .fixed(let credentials): return credentials
    case .webIdentity(let identity): return try await identity.credentials()
    case .container(let container): return try await container.credentials()
    case .instance(let instance): return try await instance.credentials()
    case .profile(let profile):
      do throws(Failure) {
        if let keys = try Self.keys(in: profile.current, profile) { return keys }
      } catch { throw CredentialTrouble("\(error.what)", isLasting: true) }
      throw CredentialTrouble("the profile \(profile.name) has no keys any more", isLasting: true)
    }
  }

  /// What to look at when AWS does not take them.
  var hint: String {
    switch self {
    case .fixed: "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
    case .webIdentity: "check the role and its trust policy"
    case .profile(let profile): "check the profile \(profile.name) in \(profile.paths)"
    case .container: "check the role of the task or the pod"
    case .instance: "check the role of the machine"
    }
  }

  /// Closes connections.
  func close() {
    switch self {
    case .fixed, .profile: return
    case .webIdentity(let identity): identity.close()
    case .container(let container): container.close()
    case .instance(let instance): instance.close()
    }
  }
}
