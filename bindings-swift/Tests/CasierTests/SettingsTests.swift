import Foundation
import Testing

@testable import Casier
import func CasierInternal.settingNames

/// The settings in code are those of the core's table.
@Suite(.timeLimit(.minutes(1)))
struct SettingsTests {
    @Test func everySettingOfTheTableHasAName() throws {
        var settings = Casier.Settings()
        #expect(settings.texts.isEmpty)
        for text in texts { settings[keyPath: text] = "text" }
        for list in lists { settings[keyPath: list] = ["one", "two"] }
        for flag in flags { settings[keyPath: flag] = true }
        for number in numbers { settings[keyPath: number] = 7 }
        settings.addressingStyle = .virtual
        settings.policy = URL(fileURLWithPath: "/etc/été 1.toml")
        settings.config = URL(string: "https://example.com/a.toml")
        #expect(try Set(settings.texts.keys) == Set(settingNames()))
        #expect(settings.texts["audience"] == "one,two")
        #expect(settings.texts["local"] == "true")
        #expect(settings.texts["clock_skew"] == "7")
        #expect(settings.texts["addressing_style"] == "virtual")
        #expect(settings.texts["policy"] == "/etc/été 1.toml")
        #expect(settings.texts["config"] == "https://example.com/a.toml")
    }

    @Test func whatIsMissingOrWrongIsNamed() async throws {
        var settings = Casier.Settings()
        var error = try await failure { _ = try Casier(settings) }
        #expect(error.code == "config-invalid")
        #expect(error.message.contains("CLERK_ISSUER"))
        guard case .config = error else { throw Missing("another case: \(error)") }
        settings.issuer = "https://issuer.test"
        settings.linkSeconds = -1
        error = try await failure { _ = try Casier(settings) }
        #expect(error.message.contains("link_seconds"))
        settings.linkSeconds = nil
        let casier = try Casier(settings)
        error = try await failure { _ = try casier.storageFor(userId: "user_1") }
        #expect(error.message.contains("S3_BUCKET_NAME"))
    }

    private let texts: [WritableKeyPath<Casier.Settings, String?>] = [
        \.issuer, \.publishableKey, \.provider, \.jwksUrl, \.jwtKey, \.secretKey, \.clerkApiUrl,
        \.publicMetadataClaim, \.accessKeyId, \.secretAccessKey, \.sessionToken, \.region, \.bucket,
        \.endpointUrl, \.publicEndpointUrl, \.serverSideEncryption, \.kmsKeyId, \.storageClass,
        \.grantRoleArn, \.stsEndpointUrl,
        \.cloudfrontDomain, \.cloudfrontKeyPairId, \.cloudfrontPrivateKey,
        \.redisUrl, \.webhookUrl,
    ]
    private let lists: [WritableKeyPath<Casier.Settings, [String]?>] = [
        \.authorizedParties, \.audience, \.algorithms, \.clerkWebhookSecret, \.allowedOrigins,
        \.secret, \.webhookSecret,
    ]
    private let flags: [WritableKeyPath<Casier.Settings, Bool?>] = [
        \.userLookup, \.allowMissingAzp, \.tokenCache, \.useSsl, \.local,
    ]
    private let numbers: [WritableKeyPath<Casier.Settings, Int?>] = [
        \.clockSkew, \.linkSeconds, \.deadlineSeconds,
    ]
}
