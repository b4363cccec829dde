import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminPassword, startGateway, type GatewayProcess } from './gateway-process.js';

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

describe('signing in', () => {
  it('gives the administrator an access token and a refresh token', async () => {
    const { status, body } = await gateway.client.as(null).login('admin', adminPassword);
    expect(status).toBe(200);
    expect(body).toEqual({
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      refreshToken: expect.any(String),
      tokenType: 'Bearer',
      expiresIn: 900,
    });
  });
});
