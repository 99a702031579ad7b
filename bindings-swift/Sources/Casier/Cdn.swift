import Foundation
internal import CasierInternal

extension UserStorage {
    /// A link to read a file through CloudFront. It is signed here and at once: nobody is asked, not
    /// even whether there is such a file. It takes the settings ``Casier/Settings/cloudfrontDomain``,
    /// ``Casier/Settings/cloudfrontKeyPairId`` and ``Casier/Settings/cloudfrontPrivateKey``.
    ///
    /// - Parameters:
    ///   - key: The full key of the file.
    ///   - expiresIn: How long it should live from now on, in seconds, 1 to 604800. Defaults to the
    ///     setting ``Casier/Settings/linkSeconds``. A link longer than the tier allows is shortened,
    ///     and the answer says how long it really lives.
    ///   - startsAt: When it begins to be good, to the second. Defaults to at once.
    ///   - ipRange: The only IPv4 addresses that may use it: one, or a range (`192.0.2.0/24`).
    ///     Defaults to any address.
    /// - Throws: `config-invalid` without a distribution; `invalid-request` for the life, for a link
    ///   that would end before it begins, and for an `ipRange` that is none.
    public func cdnUrl(
        _ key: String, expiresIn: Int? = nil, startsAt: Date? = nil, ipRange: String? = nil
    ) throws(CasierError) -> Link {
        let options = CdnOptions(
            expiresIn: expiresIn.map(UInt64.init(clamping:)), startsAt: startsAt, ipRange: ipRange)
        return try call { try Link(core.cdnUrl(key: key, options: options)) }
    }

    /// Cookies with which a browser reads every file of the scope through CloudFront, for a while, by
    /// its plain address: `https://{domain}/{key}`, percent-encoded. They are signed here and at
    /// once.
    ///
    /// - Parameters:
    ///   - expiresIn: As for a link, and so are the others.
    ///   - startsAt: When they begin to be good.
    ///   - ipRange: The only IPv4 addresses that may use them.
    /// - Throws: What ``cdnUrl(_:expiresIn:startsAt:ipRange:)`` throws, but for the key.
    public func cdnCookies(
        expiresIn: Int? = nil, startsAt: Date? = nil, ipRange: String? = nil
    ) throws(CasierError) -> CdnCookies {
        let options = CdnOptions(
            expiresIn: expiresIn.map(UInt64.init(clamping:)), startsAt: startsAt, ipRange: ipRange)
        return try call { try CdnCookies(core.cdnCookies(options: options)) }
    }
}

/// Cookies with which a browser reads every file of one scope through CloudFront. Whoever has them
/// can read these files until they end: treat them as a secret. Printing them does not show their
/// values.
///
/// The application sets them for a domain that its own host and the CDN's have in common (browsers
/// take no other): a distribution at `cdn.example.com` gets the cookies that `app.example.com` sets
/// for `example.com`.
///
/// ```swift
/// for header in try files.cdnCookies().setCookieHeaders(domain: "example.com") {
///     response.headers.add(name: "Set-Cookie", value: header)
/// }
/// ```
public struct CdnCookies: Redacted, Sendable {
    /// The values by name: `CloudFront-Policy`, `CloudFront-Signature`, `CloudFront-Key-Pair-Id` and
    /// `CloudFront-Hash-Algorithm`. They need no encoding.
    public let cookies: [String: String]
    /// The host that must receive them.
    public let domain: String
    /// The path of the scope, which all its files lie under: `/user_abc123/`.
    public let path: String
    /// How long they really live, in seconds.
    public let expiresIn: UInt64
    /// When they end.
    public let expiresAt: Date

    private let core: CasierInternal.CdnCookies

    init(_ core: CasierInternal.CdnCookies) throws {
        cookies = try core.cookies()
        domain = try core.domain()
        path = try core.path()
        expiresIn = try core.expiresIn()
        expiresAt = try core.expiresAt()
        self.core = core
    }

    /// The values of the `Set-Cookie` headers, one for each cookie, with `Path`, `Secure`, `HttpOnly`
    /// and `SameSite=Lax`. They go when the browser is closed.
    ///
    /// - Parameter domain: What they are set for: the CDN's host, or a parent of it that the
    ///   application's own host lies under as well.
    /// - Throws: `invalid-request` when cookies of this domain would not reach the CDN.
    public func setCookieHeaders(domain: String) throws(CasierError) -> [String] {
        try call { try core.setCookieHeaders(domain: domain) }
    }

    /// Where they go, and how long they live.
    public var description: String {
        "CdnCookies(domain: \(domain), path: \(path), expiresIn: \(expiresIn))"
    }
}
