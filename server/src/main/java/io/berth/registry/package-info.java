/**
 * The registry: {@code /v2/}.
 *
 * <p>{@link io.berth.registry.V2Endpoint} reads the path and hands the request to the routes of its resource ({@code
 * ManifestRoutes}, {@code BlobRoutes}, {@code UploadRoutes}, {@code ListRoutes}); each translates HTTP to one use case:
 *
 * <ul>
 *   <li>pull: {@link io.berth.registry.PullManifest}, {@link io.berth.registry.PullBlob}, from {@link
 *       io.berth.registry.RegistryCache} or the database
 *   <li>push a layer: {@link io.berth.registry.Uploads} takes the bytes, {@link io.berth.registry.CommitBlob} makes them
 *       a blob of the repository
 *   <li>push a manifest: {@link io.berth.registry.PushManifest}, one short transaction
 *   <li>delete: {@link io.berth.registry.DeleteManifest}, {@link io.berth.registry.DeleteBlob}
 *   <li>list: {@link io.berth.registry.ListNames}, {@link io.berth.registry.ListReferrers}
 *   <li>import: {@link io.berth.registry.RegistryImport} takes another registry's files in. It lives here and not in a
 *       package of its own since it is a push by other means: a second way of storing blobs, links and manifests would be
 *       a second chance to get their order wrong
 * </ul>
 */
package io.berth.registry;
