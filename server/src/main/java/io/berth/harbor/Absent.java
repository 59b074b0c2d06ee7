package io.berth.harbor;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;

/** Features of Harbor that this Berth does not have. */
final class Absent {
    private Absent() {}

    /** Says that {@code what} is not there. */
    static OciException feature(String what) {
        return new OciException(
                ErrorCode.NOT_IMPLEMENTED, "this Berth does not have " + what + "; nothing was changed");
    }
}
