import { KeyRecord } from '@zameni/contracts';
import { createRecordParser } from './parse-record.ts';

/** What a record of a key says; undefined when nothing can be made of it. */
export const parseKeyRecord = createRecordParser(KeyRecord);
