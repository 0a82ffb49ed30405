"""What the tests share: an own client, the reference receiver, the daemon under test, and objects to send."""
