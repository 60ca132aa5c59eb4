"""RTSP 1.0 (RFC 2326) and RTP for H.264 and H.265 (RFC 6184, RFC 7798), as cameras speak them.

Our own, because FFmpeg's demuxer gives a picture out only when the next one begins (one picture
late, a whole second at 1 a second) and looks at 0.4 to 4 s of video before it gives out the first.
"""
