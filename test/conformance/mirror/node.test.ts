import { describeBlobs } from './blobs.ts'

describeBlobs('node')
