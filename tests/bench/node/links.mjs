// The contest of links in Node: signed here, against AWS's own presigner. No store is asked.
import { createRequire } from 'node:module'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { BATCH, contest, want } from './rounds.mjs'

const { Casier } = createRequire(import.meta.url)(process.env.CASIER_NODE)

const ROUNDS = 80
/** How many times as fast as the peer links should be. */
const WANTED = 60
const one = 'Casier, `presignedUrl`'
const many = `Casier, \`presignedUrls\` of ${BATCH}`
const user = 'bench'
const expiresIn = 600

/** @param version What names a peer and its version. */
export async function links(version) {
  const files = Casier.fromEnv().storageFor(user)
  const contestants = {
    [version('@aws-sdk/s3-request-presigner')]: { verify: ofAws(), isAsync: true },
    [one]: { verify: (key) => files.presignedUrl(key, { expiresIn }), isAsync: true },
    [many]: { verifyAll: (keys) => files.presignedUrls(keys, { expiresIn }) },
  }
  const keys = Array.from({ length: BATCH }, (_, number) => Buffer.from(`user_${user}/images/photo-${number}.png`))
  const outcome = await contest('presigned GET', contestants, Array(ROUNDS).fill(keys))
  return want(outcome, [one, many], { ratio: WANTED })
}

/** With what Casier's links hold as well: the content type and the disposition of the answer. */
function ofAws() {
  const client = new S3Client({ endpoint: process.env.S3_ENDPOINT_URL, forcePathStyle: true })
  const Bucket = process.env.S3_BUCKET_NAME
  return async (Key) => {
    const ResponseContentDisposition = `inline; filename="${Key.slice(Key.lastIndexOf('/') + 1)}"`
    const command = new GetObjectCommand({ Bucket, Key, ResponseContentDisposition, ResponseContentType: 'image/png' })
    return await getSignedUrl(client, command, { expiresIn })
  }
}
