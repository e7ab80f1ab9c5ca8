"""What the authors of policies and resource types need not write: skeletons, envelopes of events, lists."""
