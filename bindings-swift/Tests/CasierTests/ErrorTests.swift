import Foundation
import Testing

@testable import Casier
import func CasierInternal.catalogue

/// Every failure of the core has its case, with all that belongs to it.
@Suite(.timeLimit(.minutes(1)))
struct ErrorTests {
    @Test func everyCodeHasItsCase() throws {
        let failures = try catalogue()
        #expect(failures.count > 50)
        for failure in failures {
            let error = CasierError(failure)
            #expect(error.code == failure.code)
            #expect(error.status == Int(failure.status))
            #expect(error.retryable == failure.retryable)
            #expect(error.message == failure.message)
            #expect(error.description == "\(failure.code): \(failure.message)")
            #expect(error.localizedDescription == failure.message)
            #expect(name(error) == family(error), "\(error.code)")
        }
        #expect(Set(failures.map(\.code)).count == failures.count)
    }

    @Test func aPanicIsInternal() throws {
        let error = CasierError(CocoaError(.featureUnsupported))
        let known = try #require(try catalogue().first { $0.code == "internal" })
        #expect(error.code == known.code)
        #expect((error.status, error.retryable) == (Int(known.status), known.retryable))
    }

    @Test func callsThrowNothingElse() {
        do {
            _ = try Scope(userId: "")
        } catch .invalidInput(let failure) {
            #expect(failure.code == "invalid-user-id")
        } catch {
            // The compiler knows the type: nothing else can be thrown.
            let other: CasierError = error
            Issue.record("\(other)")
        }
    }

    private func name(_ error: CasierError) -> String {
        String(Mirror(reflecting: error).children.first?.label ?? "")
    }

    /// The case by the status, as the documentation's table has it.
    private func family(_ error: CasierError) -> String {
        switch error.status {
        case 401: "authentication"
        case 403: "accessDenied"
        case 400, 405, 413, 415, 416: "invalidInput"
        case 404: "notFound"
        case 409, 412: "conflict"
        case 429, 503, 504: "unavailable"
        case 501, 502: "storage"
        case 500 where error.code == "config-invalid": "config"
        default: "other"
        }
    }
}
