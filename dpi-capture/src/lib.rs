//! Sink device, AF_PACKET rings, fanout group and shared memory
