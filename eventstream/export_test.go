package eventstream

func init() { poison = true }
