package io.berth;

import io.berth.db.DatabaseException;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.io.IOException;
import java.nio.file.FileSystemException;

/** What the failures of lower layers mean to a client. */
final class FailureTranslation {
    private FailureTranslation() {}

    /** The answer to {@code failure}, null when it is none of these. */
    static OciException translate(Throwable failure) {
        if (failure instanceof DatabaseException database) {
            return database.full()
                    ? full()
                    : new OciException(ErrorCode.UNAVAILABLE, "the database cannot be used now");
        }
        if (failure instanceof FileSystemException || isNoSpace(failure)) {
            return isNoSpace(failure)
                    ? full()
                    : new OciException(ErrorCode.UNAVAILABLE, "the blob store cannot be used now");
        }
        return null;
    }

    private static boolean isNoSpace(Throwable failure) {
        String message = failure.getMessage();
        return failure instanceof IOException
                && message != null
                && (message.contains("No space left on device") || message.contains("Disk quota exceeded"));
    }

    private static OciException full() {
        return new OciException(ErrorCode.STORAGE_FULL, "the registry has no space left");
    }
}
