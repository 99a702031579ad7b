import { auth, hasFeatureAccess, hasSubscription } from 'casier/next'
import { Files } from './files'
import { isLocal } from './local-users'

export default async function Page() {
  const session = await auth()
  return (
    <main>
      <header>
        <div>
          <h1>Casier</h1>
          <p>Show your token, get your things, and only yours.</p>
        </div>
        {session && isLocal() && (
          <form id="sign-out" action="/sign-out" method="post">
            <button className="quiet">Sign out</button>
          </form>
        )}
      </header>
      <p id="who">
        {session ? (
          <>
            Signed in as <strong>{session.user.userId}</strong>, on{' '}
            <span className="tier">{session.user.subscription}</span>
          </>
        ) : (
          'You are signed out.'
        )}
      </p>
      {session ? <Files plan={await plan()} /> : isLocal() && <SignIn />}
    </main>
  )
}

/** What the user's tier opens, in a sentence. */
async function plan(): Promise<string> {
  const reports = await hasSubscription('pro')
  const books = await hasFeatureAccess('books')
  return `Your plan ${reports ? 'has' : 'does not have'} reports, and ${books ? 'has' : 'does not have'} books.`
}

/** For the users of the local stack; in production Clerk's own components stand here. */
function SignIn() {
  return (
    <form id="sign-in" action="/sign-in" method="post" className="card">
      <h2>Sign in</h2>
      <p>Two people live on the local stack.</p>
      <div className="fields">
        <label>
          Who are you?
          <select name="user">
            <option value="ada">Ada, on pro</option>
            <option value="ben">Ben, on free</option>
          </select>
        </label>
        <button>Sign in</button>
      </div>
    </form>
  )
}
