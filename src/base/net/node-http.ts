// Node's http and https modules without their ES module facades. Importing `node:http` as a module evaluates every
// export, and one of them loads a whole HTTP client of its own: 16 MB resident for nothing. Types may be imported as
// usual, since types cost nothing.
const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');

export const createHttpServer: typeof http.createServer = http.createServer;
export const httpStatusTexts: Readonly<Record<number, string | undefined>> = http.STATUS_CODES;
export const HttpMessage: typeof http.IncomingMessage = http.IncomingMessage;
export const httpGet: typeof http.get = http.get;
export const httpsGet: typeof https.get = https.get;
export const httpRequest: typeof http.request = http.request;
export const httpsRequest: typeof https.request = https.request;
export const HttpsAgent: typeof https.Agent = https.Agent;
