module.exports = {
  globalSetup: 'ai-video-mockserver/global-setup',
};
