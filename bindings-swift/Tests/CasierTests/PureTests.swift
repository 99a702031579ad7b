import Casier
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1)))
struct PureTests {
    @Test func scope() throws {
        let scope = try Scope(userId: "auth0|5f7c")
        #expect(scope.prefix == "user_auth0.7C5f7c/")
    }
}
